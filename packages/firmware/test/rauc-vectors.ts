import { createHash } from 'node:crypto'
import type { Vector } from './look-at-image.ts'
import { anchor, AUTHORITY, issue, signCms } from './pki.ts'
import { inWorkshop, type Workshop } from './tools.ts'

const BLOCK = 4_096

/** A squashfs with so many bytes that do not compress. */
export function squashfs(workshop: Workshop, bytes: number): Buffer {
  workshop.run('mkdir', '-p', 'content')
  const noise = Array.from({ length: Math.ceil(bytes / 32) }, (_, at) =>
    createHash('sha256').update(`noise ${at}`).digest(),
  )
  workshop.write('content/rootfs.img', Buffer.concat(noise).subarray(0, bytes))
  // The time is the one the workshop gives to its tools.
  const options = ['-noappend', '-all-root', '-no-progress', '-no-xattrs']
  workshop.run('mksquashfs', 'content', 'bundle.squashfs', ...options)
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

/** The payload of a verity bundle, and the manifest that names its root hash. */
export function verityParts(data: Uint8Array): { payload: Buffer; text: Buffer } {
  const { tree, rootHash } = verityTree(data, SALT)
  return { payload: Buffer.concat([data, tree]), text: Buffer.from(manifest({ rootHash, size: tree.length })) }
}

/** mksquashfs and openssl, as RAUC puts them together; the hash tree by a writer of ours. */
export function raucBundles(): Vector[] {
  return inWorkshop((workshop) => {
    issue(workshop, 'rauc-root', { extensions: AUTHORITY })
    issue(workshop, 'rauc-signer', { issuer: 'rauc-root' })
    const known = { format: 'rauc_bundle', now: Date.now() } as const
    const small = squashfs(workshop, 100)
    const plain = bundle(small, signCms(workshop, small, ['rauc-signer']))
    const { payload, text } = verityParts(squashfs(workshop, 5_000))
    const verity = bundle(payload, signCms(workshop, text, ['rauc-signer'], '-nodetach', '-nocerts'))
    return [
      { name: 'bundle, plain', bytes: Uint8Array.from(plain), keys: [anchor(workshop, 'rauc-root')], ...known },
      { name: 'bundle, verity', bytes: Uint8Array.from(verity), keys: [anchor(workshop, 'rauc-signer')], ...known },
    ]
  })
}
