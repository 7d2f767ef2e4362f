import { createHash } from 'node:crypto'
import type { Vector } from '../look-at-image.ts'
import { anchor, AUTHORITY, issue, signCms, type Workshop } from '../pki.ts'

const BLOCK = 4_096

/** A squashfs with so many bytes that do not compress. */
export function squashfs(workshop: Workshop, bytes: number): Buffer {
  workshop.run('mkdir', ['-p', 'content'])
  const noise = Array.from({ length: Math.ceil(bytes / 32) }, (_, at) =>
    createHash('sha256').update(`noise ${at}`).digest(),
  )
  workshop.write('content/rootfs.img', Buffer.concat(noise).subarray(0, bytes))
  const options = ['-noappend', '-all-root', '-no-progress', '-no-xattrs', '-all-time', '0', '-mkfs-time', '1700000000']
  workshop.run('mksquashfs', ['content', 'bundle.squashfs', ...options])
  return workshop.read('bundle.squashfs')
}

/**
 * The hash tree of dm-verity as RAUC lays it behind the data, level by level in memory: another way than the reader's,
 * so that both have to be right.
 */
export function verityTree(data: Uint8Array, salt: Uint8Array): { tree: Buffer; rootHash: Buffer } {
  const salted = (block: Uint8Array) => createHash('sha256').update(salt).update(block).digest()
  let level: Uint8Array = data
  let tree = Buffer.alloc(0)
  while (level.length > BLOCK) {
    const digests = Buffer.concat(
      Array.from({ length: level.length / BLOCK }, (_, at) => salted(level.subarray(at * BLOCK, (at + 1) * BLOCK))),
    )
    level = Buffer.concat([digests, Buffer.alloc((BLOCK - (digests.length % BLOCK)) % BLOCK)])
    tree = Buffer.concat([level, tree])
  }
  return { tree, rootHash: salted(level) }
}

export const SALT = createHash('sha256').update('salt').digest()

export function manifest({
  rootHash,
  size,
  format = 'verity',
}: {
  rootHash: Uint8Array
  size: number
  format?: string
}): string {
  return [
    '[update]',
    'compatible=Vendor Gateway',
    'version=2026.11-1',
    'description=a release',
    'build=20261130',
    '',
    '[bundle]',
    `format=${format}`,
    `verity-hash=${Buffer.from(rootHash).toString('hex')}`,
    `verity-salt=${SALT.toString('hex')}`,
    `verity-size=${size}`,
    '',
    '[image.rootfs]',
    `sha256=${'ab'.repeat(32)}`,
    'size=5000',
    'filename=rootfs.img',
    '',
  ].join('\n')
}

/** A bundle out of its parts: payload, signature, and the length of the signature (RAUC, reference: bundle formats). */
export function bundle(payload: Uint8Array, signature: Uint8Array): Buffer {
  const length = Buffer.alloc(8)
  length.writeBigUInt64BE(BigInt(signature.length))
  return Buffer.concat([payload, signature, length])
}

export function makeBundleSigner(workshop: Workshop): void {
  issue(workshop, { name: 'rauc-root', extensions: AUTHORITY })
  issue(workshop, { name: 'rauc-signer', issuer: 'rauc-root' })
}

/** A plain bundle: mksquashfs and openssl, as RAUC puts them together. */
export function plainBundleVector(workshop: Workshop): Vector {
  makeBundleSigner(workshop)
  const data = squashfs(workshop, 100)
  const bytes = Uint8Array.from(bundle(data, signCms(workshop, data, ['rauc-signer'])))
  return {
    name: 'RAUC bundle, plain',
    format: 'rauc_bundle',
    bytes,
    keys: [anchor(workshop, 'rauc-root')],
    now: Date.now(),
  }
}

/** A verity bundle: the same, with the manifest within the signature and the hash tree by a writer of ours. */
export function verityBundleVector(workshop: Workshop): Vector {
  makeBundleSigner(workshop)
  const data = squashfs(workshop, 5_000)
  const { tree, rootHash } = verityTree(data, SALT)
  const signature = signCms(
    workshop,
    Buffer.from(manifest({ rootHash, size: tree.length })),
    ['rauc-signer'],
    ['-nodetach'],
  )
  const bytes = Uint8Array.from(bundle(Buffer.concat([data, tree]), signature))
  return {
    name: 'RAUC bundle, verity',
    format: 'rauc_bundle',
    bytes,
    keys: [anchor(workshop, 'rauc-root')],
    now: Date.now(),
  }
}
