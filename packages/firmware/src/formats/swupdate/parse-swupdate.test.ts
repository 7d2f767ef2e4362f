import { beforeAll, describe, expect, it } from 'vitest'
import { countedImage } from '../../../test/counted-image.ts'
import { lookAtImage, type Vector } from '../../../test/look-at-image.ts'
import { bareKey, signCms } from '../../../test/pki.ts'
import {
  cpio,
  FILES,
  JSON_CONFIG,
  LIBCONFIG,
  makeUpdateSigners,
  PSS,
  signRsa,
  swUpdates,
  update,
} from '../../../test/swupdate-vectors.ts'
import { inWorkshop, missingTools, type Workshop } from '../../../test/tools.ts'
import { swupdate } from './parse-swupdate.ts'

const absent = missingTools('openssl', 'cpio')

const codeOf = async (bytes: Uint8Array) => {
  const parsed = await swupdate.parse(countedImage(bytes))
  return parsed.kind === 'refused' ? parsed.code : parsed.kind
}

/** An archive of these members, none of them signed. */
function archive(members: Readonly<Record<string, string | Uint8Array>>, format: 'newc' | 'crc' = 'newc'): Buffer {
  return inWorkshop((workshop) => {
    for (const [name, content] of Object.entries(members)) workshop.write(name, content)
    return cpio(workshop, Object.keys(members), format)
  })
}

const described = (description: string) => archive({ 'sw-description': description, ...FILES })

describe.skipIf(absent.length > 0)(`archives of cpio, signed by openssl ${absent.join()}`, () => {
  let vectors: readonly Vector[] = []
  let signers: readonly (readonly [string, Buffer])[] = []
  beforeAll(() => {
    vectors = swUpdates()
    const names = ['swu.key', 'swu-signer.key', 'swu-signer.crt']
    signers = inWorkshop((workshop) => {
      makeUpdateSigners(workshop)
      return names.map((name) => [name, workshop.read(name)])
    })
  })

  /** A workshop in which the signers' keys lie already: RSA takes its time. */
  function withSigners<T>(make: (workshop: Workshop) => T): T {
    return inWorkshop((workshop) => {
      for (const [name, content] of signers) workshop.write(name, content)
      return make(workshop)
    })
  }

  it('verify by CMS, RSA and RSA-PSS, as newc and as crc', async () => {
    for (const vector of vectors)
      expect(await lookAtImage(vector), vector.name).toMatchObject({
        kind: 'parsed',
        false: [],
        verified: [{ keyId: vector.keys[0]!.keyId }],
      })
  })

  it('say what sw-description says, in either syntax', async () => {
    const [libconfig, json] = await Promise.all(vectors.map(({ bytes }) => swupdate.parse(countedImage(bytes))))
    const members = Object.entries(FILES).map(([name, { length }]) => ({
      name,
      size: length,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    }))
    expect(libconfig).toMatchObject({
      image: {
        facts: {
          version: '2.1.0',
          description: 'a release',
          boards: ['revC', String.raw`#RE:^1\.[023]$`],
          reboots: true,
          settings: { kind: 'unknown' },
          members,
          more: { scripts: 'after.lua' },
        },
      },
    })
    expect(json).toMatchObject({
      image: { facts: { version: '2.1.0', boards: ['revC'], reboots: null, members, more: { scripts: 'after.lua' } } },
    })
  })

  it('are read by one read for each member, and one each for description, signature and end', async () => {
    const image = countedImage(vectors[0]!.bytes)
    await swupdate.parse(image)
    expect(image.told().reads).toBe(5 + 2 + 1)
  })

  it('do not verify where a file, the description or the signature is another', async () => {
    const { bytes, keys, ...vector } = vectors[1]!
    const change = async (text: string) => {
      const changed = Buffer.from(bytes)
      const at = changed.indexOf(text)
      changed[at + 1]! ^= 0x20
      return lookAtImage({ ...vector, keys, bytes: Uint8Array.from(changed) })
    }
    expect(await change('a root file system')).toMatchObject({ false: ['sha256 of rootfs.img'] })
    expect(await change('revC')).toMatchObject({ false: ['RSA over sw-description: signature_invalid'] })
    expect(await lookAtImage({ ...vector, bytes, keys: [] })).toMatchObject({
      false: ['RSA over sw-description: key_unknown'],
    })
  })

  it('tell a sum that is another, in a crc archive', async () => {
    const bytes = Buffer.from(vectors[0]!.bytes)
    const at = bytes.indexOf('a root file system')
    bytes[at]! ^= 1
    expect(await lookAtImage({ ...vectors[0]!, bytes: Uint8Array.from(bytes) })).toMatchObject({
      false: ['sum of rootfs.img', 'sha256 of rootfs.img'],
    })
  })

  it('that are signed and leave out a digest are refused; unsigned ones are read, without that digest', async () => {
    const bare = JSON_CONFIG.replaceAll(/,"sha256":"[0-9a-f]{64}"/g, '')
    const [signed, unsigned] = withSigners((workshop) => {
      return [signRsa(workshop, bare), null].map((signature) => update(workshop, { description: bare, signature }))
    })
    expect(await codeOf(signed!)).toBe('format_malformed')
    expect(await swupdate.parse(countedImage(unsigned!))).toMatchObject({ kind: 'parsed', image: { signatures: [] } })
  })

  it('whose signature is of no kind, or signed by nobody it names, are refused', async () => {
    const signedBy = (make: (workshop: Workshop) => Uint8Array) =>
      withSigners((workshop) => {
        const bytes = update(workshop, { signature: make(workshop) })
        return { bytes: Uint8Array.from(bytes), keys: [bareKey(workshop, 'swu')] }
      })
    expect(await codeOf(signedBy(() => Buffer.alloc(100, 1)).bytes)).toBe('format_malformed')
    expect(await codeOf(signedBy(() => Buffer.alloc(2_000, 1)).bytes)).toBe('format_malformed')
    expect(await codeOf(signedBy(() => Buffer.alloc(70_000, 1)).bytes)).toBe('format_limit_exceeded')
    expect(
      await codeOf(
        signedBy((workshop) => signCms(workshop, Buffer.from(LIBCONFIG), ['swu-signer'], '-nodetach')).bytes,
      ),
    ).toBe('format_malformed')
    const looked = (make: (workshop: Workshop) => Uint8Array) =>
      lookAtImage({ name: '', format: 'swupdate', ...signedBy(make), now: Date.now() })
    expect(await looked(() => Buffer.alloc(256, 1))).toMatchObject({
      false: ['RSA over sw-description: signature_invalid'],
    })
    expect(await looked(() => Buffer.alloc(512, 1))).toMatchObject({
      false: ['RSA over sw-description: key_unknown'],
    })
    expect(await looked((workshop) => signRsa(workshop, 'another', ...PSS))).toMatchObject({
      false: ['RSA over sw-description: signature_invalid'],
    })
    expect(await looked((workshop) => signCms(workshop, Buffer.from(LIBCONFIG), ['swu-signer']))).toMatchObject({
      false: ['CMS over sw-description: key_unknown'],
    })
  })

  describe('are refused', () => {
    it.each([
      [
        'that do not begin with sw-description',
        { 'rootfs.img': 'a', 'sw-description': JSON_CONFIG },
        'format_malformed',
      ],
      [
        'with a signature elsewhere',
        { 'sw-description': JSON_CONFIG, ...FILES, 'sw-description.sig': Buffer.alloc(256) },
        'format_malformed',
      ],
      [
        'with a member that is not described',
        { 'sw-description': JSON_CONFIG, ...FILES, other: 'a' },
        'format_trailing_bytes',
      ],
      ['without a member that is described', { 'sw-description': JSON_CONFIG, 'rootfs.img': 'a' }, 'format_malformed'],
      [
        'with a description of 256 KiB and more',
        { 'sw-description': `${JSON_CONFIG}${' '.repeat(256 * 1024)}`, ...FILES },
        'format_limit_exceeded',
      ],
      [
        'with more members than anybody installs',
        Object.fromEntries([
          ['sw-description', JSON_CONFIG],
          ...Array.from({ length: 256 }, (_, at) => [`m${at}`, ''] as const),
        ]),
        'format_limit_exceeded',
      ],
    ] as const)('%s', async (_name, members, code) => {
      expect(await codeOf(archive(members))).toBe(code)
    })

    it.each([
      ['no JSON', '{ "software": ', 'format_malformed'],
      ['JSON without software', '{ "hardware": {} }', 'format_malformed'],
      ['libconfig without software', 'hardware = { };', 'format_malformed'],
      ['software that is no group', 'software = 1;', 'format_malformed'],
      ['no text at all', '\u0001', 'format_malformed'],
      ['a file outside', JSON_CONFIG.replaceAll('rootfs.img', '../rootfs.img'), 'format_path_unsafe'],
      ['a file at a place', JSON_CONFIG.replaceAll('rootfs.img', '/dev//sda'), 'format_path_unsafe'],
      ['a filename that is no text', JSON_CONFIG.replaceAll('"rootfs.img"', '1'), 'format_malformed'],
      ['a digest that is none', JSON_CONFIG.replace(/"sha256":"../, '"sha256":"'), 'format_malformed'],
      ['two digests of one file', LIBCONFIG.replace(/sha256 = "..../, 'sha256 = "0000'), 'format_duplicate'],
      ['JSON that nests too deep', `{"software":${'['.repeat(100)}${']'.repeat(100)}}`, 'format_limit_exceeded'],
      ['a version that turns colours', JSON_CONFIG.replace('2.1.0', String.raw`\u001b[31m`), 'format_malformed'],
      [
        'more boards than anybody has',
        JSON_CONFIG.replace('["revC"]', JSON.stringify(Array(257).fill('a'))),
        'format_limit_exceeded',
      ],
    ] as const)('with a description that is %s', async (_name, description, code) => {
      expect(await codeOf(described(description))).toBe(code)
    })

    it('whose archive is not what cpio writes', async () => {
      const good = described(JSON_CONFIG)
      const crc = archive({ 'sw-description': JSON_CONFIG, ...FILES }, 'crc')
      const at = (offset: number, text: string, bytes = good) => {
        const changed = Buffer.from(bytes)
        changed.write(text, offset, 'latin1')
        return changed
      }
      const second = good.indexOf('070701', 6)
      const cases: readonly (readonly [string, Uint8Array, string])[] = [
        ['cut within a header', good.subarray(0, 60), 'format_truncated'],
        ['cut within a name', good.subarray(0, 115), 'format_truncated'],
        ['cut within a member', good.subarray(0, 200), 'format_truncated'],
        ['cut before its end', good.subarray(0, good.indexOf('TRAILER') - 110), 'format_truncated'],
        ['of two formats', at(second, '070702'), 'format_malformed'],
        ['no header at all', at(second, '070707'), 'format_malformed'],
        ['a field that is no number', at(14, '+0000001'), 'format_malformed'],
        ['a link', at(14, '0000A1FF'), 'format_feature_not_supported'],
        ['a folder', at(14, '000041FF'), 'format_feature_not_supported'],
        ['a size beyond the image', at(54, 'FFFFFFFF'), 'format_truncated'],
        ['a name of no bytes', at(94, '00000000'), 'format_limit_exceeded'],
        ['a name of 4 GiB', at(94, 'FFFFFFFF'), 'format_limit_exceeded'],
        ['a name that ends early', at(112, '\0'), 'format_malformed'],
        ['a name that goes on beyond its length', at(110 + 'sw-description'.length, 'x'), 'format_malformed'],
        ['a sum where there are none', at(102, '00000001'), 'format_malformed'],
        ['a name twice', Buffer.concat([crc.subarray(0, crc.indexOf('070702', 6)), crc]), 'format_duplicate'],
        ['an end with content', at(good.indexOf('TRAILER') - 56, '00000004'), 'format_malformed'],
        ['bytes behind the end', at(good.length - 1, 'x'), 'format_trailing_bytes'],
        ['more zeros than fill a record', Buffer.concat([good, Buffer.alloc(20_000)]), 'format_trailing_bytes'],
      ]
      const codes = await Promise.all(cases.map(async ([name, bytes]) => [name, await codeOf(bytes)] as const))
      expect(codes).toEqual(cases.map(([name, , code]) => [name, code]))
    })

    it('with a path that climbs', async () => {
      const climbing = inWorkshop((workshop) => {
        workshop.run('mkdir', 'a', 'b')
        workshop.write('sw-description', JSON_CONFIG)
        workshop.write('b/x', 'x')
        return cpio(workshop, ['sw-description', 'a/../b/x'], 'newc')
      })
      expect(await codeOf(climbing)).toBe('format_path_unsafe')
    })
  })
})
