import { createHash, hash } from 'node:crypto'
import type { SpanRun } from '../format.ts'

/** RAUC fixes what dm-verity leaves open: SHA-256, hash type 1, data and hash blocks of 4 KiB, a salt of 32 bytes. */
export const VERITY_BLOCK = 4_096
const DIGEST = 32
const PER_BLOCK = VERITY_BLOCK / DIGEST

/** How many hash blocks each level of a tree over so many data blocks has, from the one next to the data to the root's. */
export function verityLevels(dataBlocks: number): number[] {
  const levels: number[] = []
  for (let blocks = dataBlocks; blocks > 1;) {
    blocks = Math.ceil(blocks / PER_BLOCK)
    levels.push(blocks)
  }
  return levels
}

/**
 * Checks data and the hash tree behind it against the root hash, as they come by once, in little memory: the tree is
 * built again while the data passes, keeping of each level only the block under way and a hash of all before it; then
 * the tree that is there has to hash to the same, level by level. (dm-verity: admin-guide/device-mapper/verity of Linux.)
 */
export function startVerity(tree: {
  readonly dataBlocks: number
  readonly salt: Uint8Array
  readonly rootHash: Uint8Array
}): SpanRun<boolean> {
  const levels = verityLevels(tree.dataBlocks).map((blocks) => ({
    blocks,
    built: startLevel(),
    found: createHash('sha256'),
  }))
  const saltedHash = hasher(tree.salt)
  let root: Uint8Array | null = null
  const add = (block: Uint8Array, height: number): void => {
    const digest = saltedHash(block)
    const level = levels[height]
    if (level === undefined) root = digest
    else level.built.add(digest, (full) => add(full, height + 1))
  }
  const data = cutter((block) => add(block, 0))
  // The level of the root comes first behind the data; the blocks next to the data last.
  const spans = levels
    .toReversed()
    .map(({ blocks, found }) => ({ left: blocks * VERITY_BLOCK, take: (part: Uint8Array) => void found.update(part) }))
  const parts = [{ left: tree.dataBlocks * VERITY_BLOCK, take: data }, ...spans]
  return {
    update: (piece) => {
      let rest = piece
      for (const part of parts) {
        const taken = rest.subarray(0, part.left)
        if (taken.length > 0) part.take(taken)
        part.left -= taken.length
        rest = rest.subarray(taken.length)
      }
    },
    finish: () => {
      levels.forEach(({ built }, height) => built.end((last) => add(last, height + 1)))
      const same = levels.every(({ built, found }) => built.digest().equals(found.digest()))
      return same && root !== null && Buffer.compare(root, tree.rootHash) === 0
    },
  }
}

/** One level of the tree while it is built: full blocks are handed on, the last one is filled up with zeros. */
function startLevel() {
  const all = createHash('sha256')
  const block = Buffer.alloc(VERITY_BLOCK)
  let filled = 0
  const handOn = (full: (block: Uint8Array) => void) => {
    all.update(block)
    full(block)
    block.fill(0)
    filled = 0
  }
  return {
    add: (digest: Uint8Array, full: (block: Uint8Array) => void) => {
      block.set(digest, filled)
      filled += DIGEST
      if (filled === VERITY_BLOCK) handOn(full)
    },
    end: (full: (block: Uint8Array) => void) => {
      if (filled > 0) handOn(full)
    },
    digest: () => all.digest(),
  }
}

/** Cuts pieces of any size into blocks. A block is good until the next one. */
function cutter(take: (block: Uint8Array) => void): (piece: Uint8Array) => void {
  const started = Buffer.alloc(VERITY_BLOCK)
  let held = 0
  return (piece) => {
    let at = 0
    while (at < piece.length) {
      const part = piece.subarray(at, at + VERITY_BLOCK - held)
      at += part.length
      if (part.length === VERITY_BLOCK) {
        take(part)
        continue
      }
      started.set(part, held)
      held += part.length
      if (held < VERITY_BLOCK) continue
      held = 0
      take(started)
    }
  }
}

/** SHA-256 over salt and block, in one call: a tree has one for every 4 KiB. */
function hasher(salt: Uint8Array): (block: Uint8Array) => Uint8Array {
  const salted = Buffer.alloc(salt.length + VERITY_BLOCK)
  salted.set(salt)
  return (block) => {
    salted.set(block, salt.length)
    return hash('sha256', salted, 'buffer')
  }
}
