import { beforeAll, describe, expect, it } from 'vitest'
import { countedImage } from '../../../test/counted-image.ts'
import { lookAtImage, type Vector } from '../../../test/look-at-image.ts'
import { anchor, issue, signCms } from '../../../test/pki.ts'
import { bundle, manifest, raucBundles, SALT, squashfs, verityParts, verityTree } from '../../../test/rauc-vectors.ts'
import { inWorkshop, missingTools } from '../../../test/tools.ts'
import { der, oid } from '../../../test/write-der.ts'
import { TAG } from '../../cms/der.ts'
import { OID } from '../../cms/oids.ts'
import { parseImage, type PublicKey } from '../../index.ts'
import { raucBundle } from './parse-bundle.ts'

const absent = missingTools('openssl', 'mksquashfs')
const BLOCK = 4_096

const codeOf = async (bytes: Uint8Array) => {
  const parsed = await raucBundle.parse(countedImage(bytes))
  return parsed.kind === 'refused' ? parsed.code : parsed.kind
}

async function expectCodes(cases: readonly (readonly [string, Uint8Array, string])[]): Promise<void> {
  const codes = await Promise.all(cases.map(async ([name, bytes]) => [name, await codeOf(bytes)] as const))
  expect(codes).toEqual(cases.map(([name, , code]) => [name, code]))
}

describe.skipIf(absent.length > 0)(`bundles of mksquashfs and openssl ${absent.join()}`, () => {
  let vectors: readonly Vector[] = []
  let data: Buffer = Buffer.alloc(0)
  let small: Buffer = Buffer.alloc(0)
  let keys: readonly PublicKey[] = []
  let sign: (content: Uint8Array, ...options: readonly string[]) => Buffer = () => Buffer.alloc(0)

  beforeAll(() => {
    vectors = raucBundles()
    const made = inWorkshop((workshop) => {
      issue(workshop, 'signer')
      const files = ['signer.crt', 'signer.key'].map((name) => [name, workshop.read(name)] as const)
      return {
        data: squashfs(workshop, 5_000),
        small: squashfs(workshop, 100),
        keys: [anchor(workshop, 'signer')],
        files,
      }
    })
    ;({ data, small, keys } = made)
    sign = (content, ...options) =>
      inWorkshop((workshop) => {
        for (const [name, bytes] of made.files) workshop.write(name, bytes)
        return signCms(workshop, content, ['signer'], ...options)
      })
  })

  const verityBundle = (text: string | Uint8Array, payload: Uint8Array = verityParts(data).payload) =>
    Uint8Array.from(bundle(payload, sign(Buffer.from(text), '-nodetach')))

  it('verify, plain and verity, and are told from any squashfs', async () => {
    for (const vector of vectors) {
      expect(await lookAtImage(vector), vector.name).toMatchObject({
        kind: 'parsed',
        false: [],
        verified: [{ keyId: vector.keys[0]!.keyId }],
      })
      expect(await parseImage(countedImage(vector.bytes), null)).toMatchObject({ image: { format: 'rauc_bundle' } })
    }
    expect(await parseImage(countedImage(Buffer.concat([small, Buffer.alloc(16)])), null)).toMatchObject({
      image: { format: 'raw' },
    })
  })

  it('say what the manifest says where it lies open, and nothing where it is compressed', async () => {
    const [plain, verity] = await Promise.all(vectors.map(({ bytes }) => raucBundle.parse(countedImage(bytes))))
    expect(plain).toMatchObject({
      image: { facts: { version: null, boards: null, members: [], more: { bundle_format: 'plain' } }, digests: [] },
    })
    expect(verity).toMatchObject({
      image: {
        facts: {
          version: '2026.11-1',
          description: 'a release',
          boards: ['Vendor Gateway'],
          settings: { kind: 'unknown' },
          reboots: null,
          builtAt: 1_780_000_000_000,
          members: [{ name: 'rootfs.img', size: 5_000, sha256: 'ab'.repeat(32) }],
          more: { bundle_format: 'verity', build: '20261130', slots: 'rootfs' },
        },
        signatures: [{ strength: 'full' }],
      },
    })
  })

  it('are read by three reads', async () => {
    for (const { bytes } of vectors) {
      const image = countedImage(bytes)
      await raucBundle.parse(image)
      expect(image.told().reads).toBe(3)
    }
  })

  it('do not verify where data or hash tree are others than the manifest says', async () => {
    const { payload, text } = verityParts(data)
    for (const at of [BLOCK + 1, data.length + 5, payload.length - 1]) {
      const changed = Buffer.from(payload)
      changed[at]! ^= 1
      const bytes = verityBundle(text, changed)
      expect(await lookAtImage({ name: '', format: 'rauc_bundle', bytes, keys, now: Date.now() })).toMatchObject({
        false: ['dm-verity root hash of the squashfs'],
      })
    }
  })

  it('tell what runs on a device, and since when', async () => {
    const text = manifest({ rootHash: verityTree(data, SALT).rootHash, size: BLOCK })
    const bytes = verityBundle(
      `${text.replace('[bundle]', 'min-rauc-version=1.14\n[bundle]')}\n[hooks]\nfilename=hook.sh\n[handler]\nfilename=all.sh\n[image.data]\ntype=emptyfs\n`,
    )
    expect(await raucBundle.parse(countedImage(bytes))).toMatchObject({
      image: {
        facts: {
          more: { hook: 'hook.sh', handler: 'all.sh', min_rauc_version: '1.14', slots: 'rootfs; data' },
          members: [{}, { name: 'data', size: 0, sha256: null }],
        },
      },
    })
  })

  it('are refused where their parts do not fit each other', async () => {
    const { payload, text } = verityParts(data)
    const { tree, rootHash } = verityTree(data, SALT)
    const signature = sign(small)
    const plain = bundle(small, signature)
    const withLength = (length: bigint) => {
      const bytes = Buffer.from(plain)
      bytes.writeBigUInt64BE(length, bytes.length - 8)
      return bytes
    }
    const withSuperblock = (change: (bytes: Buffer) => void) => {
      const bytes = Buffer.from(plain)
      change(bytes)
      return bytes
    }
    const twice = Buffer.concat([tree, tree])
    const cases: readonly (readonly [string, Uint8Array, string])[] = [
      ['shorter than a bundle', plain.subarray(0, 90), 'format_truncated'],
      ['no squashfs', withSuperblock((bytes) => bytes.write('hsqx')), 'format_malformed'],
      ['another version', withSuperblock((bytes) => bytes.writeUInt16LE(3, 28)), 'format_version_not_supported'],
      ['blocks of two sizes', withSuperblock((bytes) => bytes.writeUInt32LE(8_192, 12)), 'format_malformed'],
      ['a squashfs of more bytes', withSuperblock((bytes) => bytes.writeUInt32LE(BLOCK + 1, 40)), 'format_truncated'],
      ['a squashfs of no bytes', withSuperblock((bytes) => bytes.writeUInt32LE(0, 40)), 'format_malformed'],
      [
        'a squashfs of bytes beyond numbers',
        withSuperblock((bytes) => bytes.writeUInt32LE(0xffff_ffff, 44)),
        'format_malformed',
      ],
      [
        'a block behind the squashfs',
        bundle(Buffer.concat([small, Buffer.alloc(BLOCK)]), signature),
        'format_trailing_bytes',
      ],
      ['no signature', withLength(0n), 'format_malformed'],
      ['a signature longer than any', withLength(65_537n), 'format_limit_exceeded'],
      ['a signature of 2^64 bytes', withLength(0xffff_ffff_ffff_ffffn), 'format_limit_exceeded'],
      ['a signature longer than the bundle', withLength(BigInt(plain.length)), 'format_span_out_of_range'],
      ['a signature that begins within a block', withLength(BigInt(signature.length - 1)), 'format_malformed'],
      [
        'a signature with bytes before it',
        bundle(small, Buffer.concat([Buffer.alloc(BLOCK), signature])),
        'format_malformed',
      ],
      [
        'a hash tree with another behind it',
        verityBundle(text, Buffer.concat([payload, tree])),
        'format_trailing_bytes',
      ],
      [
        'a hash tree that is too large',
        verityBundle(manifest({ rootHash, size: twice.length }), Buffer.concat([data, twice])),
        'format_malformed',
      ],
      ['a hash tree of no whole blocks', verityBundle(manifest({ rootHash, size: 100 })), 'format_malformed'],
      ['a hash tree of no blocks', verityBundle(manifest({ rootHash, size: 0 })), 'format_malformed'],
      [
        'a hash tree larger than the bundle',
        verityBundle(manifest({ rootHash, size: 1_024 * BLOCK })),
        'format_span_out_of_range',
      ],
      [
        'a manifest for an encrypted bundle',
        verityBundle(manifest({ rootHash, size: BLOCK, format: 'crypt' })),
        'format_feature_not_supported',
      ],
      [
        'a manifest for a plain bundle',
        verityBundle(manifest({ rootHash, size: BLOCK, format: 'plain' })),
        'format_feature_not_supported',
      ],
    ]
    await expectCodes(cases)
  })

  it('are refused where the manifest is not what RAUC writes', async () => {
    const good = manifest({ rootHash: verityTree(data, SALT).rootHash, size: BLOCK })
    const cases: readonly (readonly [string, string, string])[] = [
      ['no compatible', good.replace(/compatible=.*\n/, ''), 'format_malformed'],
      ['a key twice', good.replace('version=', 'version=1\nversion='), 'format_duplicate'],
      ['a group twice', `${good}[update]\n`, 'format_duplicate'],
      ['a key without a group', `key=value\n${good}`, 'format_malformed'],
      ['a line that is neither', `${good}nothing\n`, 'format_malformed'],
      ['an escape that is none', good.replace('a release', String.raw`a\qrelease`), 'format_malformed'],
      ['no root hash', good.replace(/verity-hash=.*\n/, ''), 'format_malformed'],
      ['a salt of another length', good.replace(/verity-salt=../, 'verity-salt='), 'format_malformed'],
      ['no verity at all', good.replaceAll(/verity-.*\n/g, ''), 'format_malformed'],
      ['a file outside', good.replace('filename=rootfs.img', 'filename=../rootfs.img'), 'format_path_unsafe'],
      ['a digest that is none', good.replace(/sha256=ab/, 'sha256='), 'format_malformed'],
      ['a size that is none', good.replace('size=5000', 'size=-5'), 'format_malformed'],
      ['a version that ends lines', good.replace('2026.11-1', String.raw`1\n2`), 'format_malformed'],
      [
        'too many images',
        `${good}${Array.from({ length: 64 }, (_, at) => `[image.${at}]\n`).join('')}`,
        'format_limit_exceeded',
      ],
      ['too many lines', `${good}${'\n'.repeat(2_000)}`, 'format_limit_exceeded'],
    ]
    await expectCodes(cases.map(([name, text, code]) => [name, verityBundle(text), code] as const))
  })

  it('are refused where they are encrypted (crypt)', async () => {
    const encrypted = der(TAG.sequence, oid(OID.envelopedData), der(TAG.contextParts(0), der(TAG.sequence)))
    expect(await raucBundle.parse(countedImage(bundle(small, encrypted)))).toMatchObject({
      kind: 'refused',
      code: 'format_feature_not_supported',
      detail: expect.stringContaining('encrypted'),
    })
  })
})
