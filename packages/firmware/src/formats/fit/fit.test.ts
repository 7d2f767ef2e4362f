import { describe, expect, it } from 'vitest'
import { makeFit, type FitPlan } from '../../../test/fit-vectors.ts'
import { lookAtImage } from '../../../test/look-at-image.ts'
import { missingTools } from '../../../test/tools.ts'
import type { PublicKey } from '../../signatures/public-key.ts'

const absent = missingTools('mkimage', 'dtc', 'openssl')

describe.skipIf(absent.length > 0)(`FIT ${absent.join(', ')}`, () => {
  const look = (bytes: Uint8Array, keys: readonly PublicKey[] = []) =>
    lookAtImage({ name: 'FIT', format: 'fit', bytes, keys })
  const lookAt = (plan: FitPlan) => {
    const { bytes, keys } = makeFit(plan)
    return look(bytes, keys)
  }

  it.each<[string, FitPlan]>([
    ['RSA 2048', {}],
    ['RSA 4096 over SHA-512', { algorithm: 'sha512,rsa4096', hash: 'sha512' }],
    ['RSA-PSS', { padding: 'pss' }],
    ['ECDSA', { algorithm: 'sha256,ecdsa256' }],
    ['RSA, the data behind the tree', { options: ['-E'] }],
    ['RSA, the data at a place', { options: ['-E', '-p', '0x1000'] }],
  ])('verifies what mkimage signed: %s', async (_name, plan) => {
    const { bytes, keys } = makeFit(plan)
    const looked = await look(bytes, keys)
    expect(looked).toMatchObject({ kind: 'parsed', false: [], verified: [{ keyId: keys[0]!.keyId }] })
    expect(looked).toMatchObject({ image: { signatures: [{ strength: 'full' }] } })
  })

  it('says what is in it: images with their hashes, boards, when it was made', async () => {
    expect(await lookAt({})).toMatchObject({
      image: {
        facts: {
          description: 'firmware of a small router',
          boards: ['acme,router-1'],
          builtAt: 1_780_000_000_000,
          version: null,
          settings: { kind: 'unknown' },
          members: [
            { name: 'kernel-1', size: 21, sha256: '48513312c3c0cd27744e303c74402c4f8cf7ca7b1e5a1953c126f8b683df4cc0' },
            { name: 'fdt-1', size: 13, sha256: '943915d53a6f667f61d3d26ff44f7feb1e7e504e4b1b7c3489ded33bb6f22758' },
          ],
          more: { configurations: 'conf-1' },
        },
      },
    })
  })

  it('tells a signature by an unknown key, and none where the store is empty', async () => {
    const { bytes } = makeFit()
    expect(await look(bytes, makeFit().keys)).toMatchObject({ false: [expect.stringContaining('signature_invalid')] })
    expect(await look(bytes)).toMatchObject({ false: [expect.stringContaining('key_unknown')] })
  })

  it('counts a signature by SHA-1, or over images hashed by nothing better, as one of old', async () => {
    const legacy = { false: [], image: { signatures: [{ strength: 'legacy' }] } }
    expect(await lookAt({ algorithm: 'sha1,rsa2048' })).toMatchObject(legacy)
    expect(await lookAt({ hash: 'sha1' })).toMatchObject(legacy)
  })

  it('lists the tree of an unsigned FIT as unsigned, its data not', async () => {
    const { bytes } = makeFit({ algorithm: null })
    const looked = await look(bytes)
    if (looked.kind === 'refused') throw new Error(looked.detail)
    expect(looked).toMatchObject({ false: [], image: { signatures: [] } })
    const covered = Buffer.from(bytes)
    for (const { span } of looked.image.unsigned) covered.fill(0, span.start, span.end)
    expect(covered.toString('latin1').replaceAll('\0', '')).toBe('a kernel, as bytes goa device tree')
  })

  const signatureBy = (hint: string, name = 'signature-1') =>
    `${name} { algo = "sha256,rsa2048"; key-name-hint = "${hint}"; sign-images = "kernel", "fdt"; };`
  const besideConf1 = (signature: string): FitPlan => ({
    change: ['conf-1 {', `conf-2 { kernel = "kernel-1"; fdt = "fdt-1"; ${signature} }; conf-1 {`],
  })

  it('is signed by the key that signed all configurations', async () => {
    const { bytes, keys } = makeFit(besideConf1(signatureBy('dev')))
    expect(await look(bytes, keys)).toMatchObject({ false: [], verified: [{ keyId: keys[0]!.keyId }] })
  })

  it('is signed by nobody where one key signed one configuration and another the other: either may be booted', async () => {
    const { bytes, keys, other } = makeFit(besideConf1(signatureBy('other')))
    expect(await look(bytes, [...keys, other!])).toMatchObject({
      verified: [],
      false: [expect.stringContaining('signature_invalid')],
    })
  })

  it('tells each of two keys that signed everything', async () => {
    const { bytes, keys, other } = makeFit({
      change: ['signature-1 {', `${signatureBy('other', 'signature-2')} signature-1 {`],
    })
    const looked = await look(bytes, [...keys, other!])
    if (looked.kind === 'refused') throw new Error(looked.detail)
    expect(looked.false).toEqual([])
    expect(new Set(looked.verified.map(({ keyId }) => keyId))).toEqual(new Set([keys[0]!.keyId, other!.keyId]))
  })

  it('refuses an unsigned configuration beside a signed one', async () => {
    expect(await lookAt(besideConf1(''))).toMatchObject({
      code: 'format_feature_not_supported',
      detail: '/configurations/conf-2 has no signature-1, and others have',
    })
  })

  it('refuses an image that no signed configuration is made of', async () => {
    const kernelAlone = await lookAt({ change: ['"kernel", "fdt"', '"kernel"'] })
    expect(kernelAlone).toMatchObject({ detail: '/configurations/conf-1/signature-1 does not sign /images/fdt-1' })
    const extra = 'images { other { data = "x"; hash-1 { algo = "sha256"; }; };'
    expect(await lookAt({ change: ['images {', extra] })).toMatchObject({
      detail: '/images/other is in no configuration that signature-1 signs',
    })
  })

  it('refuses a signature that leaves out its own configuration: the list it brings is no proof (CVE-2020-10648)', async () => {
    const { bytes, keys } = makeFit()
    const text = Buffer.from(bytes).toString('latin1')
    const renamed = Buffer.from(text.replace('/configurations/conf-1\0', '/configurations/conf-0\0'), 'latin1')
    expect(await look(renamed, keys)).toMatchObject({
      code: 'format_malformed',
      detail: '/configurations/conf-1/signature-1 does not sign /configurations/conf-1',
    })
  })

  // `hashed-strings` holds 0 and how many bytes of names are signed: everything up to `timestamp`, 0x91 bytes.
  const HASHED_STRINGS = Buffer.from('0000000000000091', 'hex')

  it('refuses a property that is signed and whose name is not', async () => {
    const { bytes, keys } = makeFit()
    const fewer = Buffer.from(bytes)
    fewer.writeUInt32BE(0x20, fewer.indexOf(HASHED_STRINGS) + 4)
    expect(await look(fewer, keys)).toMatchObject({
      code: 'format_malformed',
      detail: expect.stringContaining('is not signed'),
    })
  })

  it('refuses a signature over names from another than the first', async () => {
    const { bytes, keys } = makeFit()
    const later = Buffer.from(bytes)
    later.writeUInt32BE(4, later.indexOf(HASHED_STRINGS))
    expect(await look(later, keys)).toMatchObject({
      code: 'format_malformed',
      detail: '/configurations/conf-1/signature-1 signs names from another than the first',
    })
  })

  it('refuses a signed image without a hash: nothing says which bytes were meant', async () => {
    const bare: FitPlan = { afterwards: [/(fdt-1 \{[^}]*?)hash-1 \{[^}]*\};/, '$1'] }
    expect(await lookAt(bare)).toMatchObject({
      code: 'format_malformed',
      detail: '/images/fdt-1 is signed and has no hash',
    })
  })

  const HASH = '/images/kernel-1/hash-1 is not what mkimage makes of a hash'
  const SIGNATURE = '/configurations/conf-1/signature-1 is not what mkimage makes of a signature'
  it.each([
    ['a hash that devices pass over', 'hash-1 {', 'hash-1 { uboot-ignore;', HASH],
    ['a hash with nodes in it, which nobody signs', 'algo = "sha256"; };', 'algo = "sha256"; note { }; };', HASH],
    ['a signature with nodes in it', '"kernel", "fdt";', '"kernel", "fdt"; note { };', SIGNATURE],
    ['nodes beside images and configurations', 'images {', 'note { }; images {', '/note is no part of a FIT'],
  ])('refuses %s', async (_name, from, to, detail) => {
    expect(await lookAt({ change: [from, to] })).toMatchObject({ kind: 'refused', detail })
  })

  it('refuses unit addresses in what is signed (CVE-2021-27138)', async () => {
    const looked = await lookAt({ change: [/fdt-1/g, 'fdt-1@1'] })
    expect(looked).toMatchObject({ kind: 'refused' })
  })

  it('refuses signatures of single images, which do not say what belongs together', async () => {
    const signed = 'hash-2 { algo = "crc32"; }; signature-1 { algo = "sha256,rsa2048"; key-name-hint = "dev"; };'
    expect(await lookAt({ change: ['hash-2 { algo = "crc32"; };', signed] })).toMatchObject({
      code: 'format_feature_not_supported',
    })
  })

  it('refuses images that overlap, or the tree, or reach beyond the file', async () => {
    const { bytes, keys } = makeFit({ options: ['-E', '-p', '0x1000'] })
    const moved = (from: number, to: number) => {
      const copy = Buffer.from(bytes)
      copy.writeUInt32BE(to, copy.indexOf(numberOf(from)))
      return look(copy, keys)
    }
    expect(await moved(0x1018, 0x1010)).toMatchObject({ code: 'format_spans_overlap' })
    expect(await moved(0x1018, 0x0010)).toMatchObject({ code: 'format_spans_overlap' })
    expect(await moved(0x1018, 0xfffffff0)).toMatchObject({ code: 'format_span_out_of_range' })
  })

  it('lets nothing hide under a name that signatures leave out, but the data of images', async () => {
    const hiding = { change: ['conf-1 {', 'conf-1 { data = "nobody signed this";'] } as const
    expect(await lookAt(hiding)).toMatchObject({ detail: '/configurations/conf-1 is no image and has data' })
  })

  it('refuses more hashes of an image than anybody asks for: each reads all of its data', async () => {
    const hashes = Array.from({ length: 9 }, (_, at) => `hash-${at} { algo = "crc32"; };`).join('')
    const plan = { algorithm: null, change: [/hash-1 [^}]*}; *\s*hash-2 [^}]*};/, hashes] } as const
    expect(await lookAt(plan)).toMatchObject({ code: 'format_limit_exceeded', detail: '/images/kernel-1 has 9 hashes' })
  })

  it('reads a signed tree of as many properties as there may be', async () => {
    const properties = Array.from({ length: 8_000 }, (_, at) => `p${at.toString(36)};`).join('')
    const looked = await lookAt({ change: ['conf-1 {', `conf-1 { ${properties}`] })
    expect(looked).toMatchObject({ kind: 'parsed', false: [] })
  })

  it('lets no byte hide between the parts', async () => {
    const { bytes, keys } = makeFit({ options: ['-E', '-p', '0x1000'] })
    const hiding = Buffer.from(bytes)
    hiding[0x0f00] = 1
    expect(await look(hiding, keys)).toMatchObject({ false: ['zeros between the parts'] })
    expect(await look(Buffer.concat([bytes, Buffer.of(1)]), keys)).toMatchObject({ false: ['zeros between the parts'] })
  })

  it('refuses two nodes or two properties of one name, `..`, a tree too deep or without an end', async () => {
    const { bytes } = makeFit({ algorithm: null })
    const text = Buffer.from(bytes).toString('latin1')
    const changed = (from: string, to: string) => look(Buffer.from(text.replace(from, to), 'latin1'))
    expect(await changed('hash-2\0', 'hash-1\0')).toMatchObject({ code: 'format_duplicate' })
    expect(await changed('hash-2\0', '..\0\0\0\0\0')).toMatchObject({ code: 'format_path_unsafe' })
    const end = Buffer.from(bytes)
    end.writeUInt32BE(4, end.readUInt32BE(12) - 4)
    expect(await look(end)).toMatchObject({ code: 'format_malformed' })
    const deep = Buffer.from(bytes)
    const opening = Buffer.from([0, 0, 0, 1, 0x61, 0, 0, 0])
    for (let at = 56 + 8; at + 8 < 56 + 8 * 20; at += 8) opening.copy(deep, at)
    expect(await look(deep)).toMatchObject({ code: 'format_limit_exceeded' })
  })
})

function numberOf(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
