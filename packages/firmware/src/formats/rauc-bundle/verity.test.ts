import fc from 'fast-check'
import { expect, it } from 'vitest'
import { verityTree } from '../../../test/rauc-vectors.ts'
import { startVerity, VERITY_BLOCK, verityLevels } from './verity.ts'

const SALT = Buffer.from('e48da609055204e89ae53b655ca2216dd983cf3cb829f34f63a297d106d53e2d', 'hex')

function holds(
  { data, tree, rootHash }: { data: Uint8Array; tree: Uint8Array; rootHash: Uint8Array },
  cuts: readonly number[] = [],
) {
  const run = startVerity({ dataBlocks: data.length / VERITY_BLOCK, salt: SALT, rootHash })
  const bytes = Buffer.concat([data, tree])
  let at = 0
  for (const cut of cuts) run.update(bytes.subarray(at, (at += cut)))
  run.update(bytes.subarray(at))
  return run.finish()
}

it('comes to the root hash that veritysetup prints for 8 MiB of zeros (tests/verity-compat-test of cryptsetup)', () => {
  const rootHash = Buffer.from('e522df0f97da4febb882ac40f30b37dc0b444bf6df418929463fa25280f09d5c', 'hex')
  const data = Buffer.alloc(8 * 1024 * 1024)
  const { tree } = verityTree(data, SALT)
  expect(holds({ data, tree, rootHash })).toBe(true)
  expect(verityLevels(data.length / VERITY_BLOCK)).toEqual([16, 1])
})

it('gives the same answer however the image is cut, and misses no changed byte of data, tree or root', () => {
  const parts = fc.record({
    blocks: fc.integer({ min: 2, max: 300 }),
    cuts: fc.array(fc.nat(9_000), { maxLength: 12 }),
    where: fc.nat(),
    flip: fc.integer({ min: 1, max: 255 }),
  })
  fc.assert(
    fc.property(parts, ({ blocks, cuts, where, flip }) => {
      const data = Buffer.alloc(blocks * VERITY_BLOCK)
      for (let at = 0; at < blocks; at += 1) data.writeUInt32BE((at * 2_654_435_761) % 4_294_967_296, at * VERITY_BLOCK)
      const { tree, rootHash } = verityTree(data, SALT)
      expect(holds({ data, tree, rootHash }, cuts)).toBe(true)
      const changed = [data, tree, rootHash].map((bytes) => Buffer.from(bytes))
      const place = where % (data.length + tree.length + rootHash.length)
      const [part, at] =
        place < data.length
          ? [0, place]
          : place < data.length + tree.length
            ? [1, place - data.length]
            : [2, place - data.length - tree.length]
      changed[part]![at]! ^= flip
      expect(holds({ data: changed[0]!, tree: changed[1]!, rootHash: changed[2]! }, cuts)).toBe(false)
    }),
    { numRuns: 25 },
  )
})
