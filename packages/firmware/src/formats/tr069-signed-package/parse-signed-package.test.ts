import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { countedImage } from '../../../test/counted-image.ts'
import { lookAtImage } from '../../../test/look-at-image.ts'
import {
  command,
  COMMANDS,
  fileValue,
  KERNEL,
  moveValue,
  packageHead,
  PAGES,
  PAYLOAD,
  removeValue,
  signedPackages,
  u32,
} from '../../../test/signed-package-vectors.ts'
import { missingTools } from '../../../test/tools.ts'
import { der, integer, oid } from '../../../test/write-der.ts'
import { bytesOf, partsOf, readDer, TAG } from '../../cms/der.ts'
import { OID } from '../../cms/oids.ts'
import type { Parsed } from '../format.ts'
import { tr069SignedPackage } from './parse-signed-package.ts'

/** A signature block that nobody signed, as TR-069 E.5 describes it: fixed bytes. */
const NOBODY = der(
  TAG.sequence,
  oid(OID.signedData),
  der(TAG.contextParts(0), der(TAG.sequence, integer(1), der(TAG.set), der(TAG.sequence, oid(OID.data)), der(TAG.set))),
)

function packageOf(
  commands: readonly Uint8Array[],
  {
    payload = Buffer.alloc(0),
    head = {},
    signatures = NOBODY,
  }: { payload?: Uint8Array; head?: { major?: number; minor?: number }; signatures?: Uint8Array } = {},
): Buffer {
  return Buffer.concat([packageHead(Buffer.concat(commands), payload.length, head), signatures, payload])
}

const parse = (bytes: Uint8Array): Promise<Parsed> => tr069SignedPackage.parse(countedImage(bytes))
const codeOf = async (bytes: Uint8Array) => {
  const parsed = await parse(bytes)
  return parsed.kind === 'refused' ? parsed.code : parsed.kind
}

const absent = missingTools('openssl')

describe.skipIf(absent.length > 0)(`packages that openssl signed ${absent.join()}`, () => {
  it('verify, with and without signed attributes, and never count for more than legacy', async () => {
    for (const vector of signedPackages()) {
      const looked = await lookAtImage(vector)
      expect(looked, vector.name).toMatchObject({
        kind: 'parsed',
        false: [],
        verified: [{ keyId: vector.keys[0]!.keyId }],
      })
      if (looked.kind === 'parsed') expect(looked.image.signatures.map(({ strength }) => strength)).toEqual(['legacy'])
    }
  })

  it('say all they say', async () => {
    const looked = await parse(signedPackages()[0]!.bytes)
    expect(looked).toMatchObject({
      kind: 'parsed',
      image: {
        facts: {
          version: '2.1.0',
          description: 'a release\nof two files',
          boards: null,
          from: { min: '1.0', max: '2.0.9' },
          settings: { kind: 'unknown' },
          reboots: true,
          members: [
            { name: '/boot/kernel', size: KERNEL.length, sha256: null },
            { name: '/www/pages.001', size: PAGES.length, sha256: null },
          ],
          more: {
            role: 'software upgrade',
            removes: '/www',
            moves: '/etc/a.001 to /etc/b.001',
            required_attributes: '001A2B 7: one of 1, 2',
            minimum_storage: '1000000 bytes volatile',
            timeouts: 'initial 600 s',
            only_where_absent: '/www/pages.001',
            ignored_commands: '1000',
          },
        },
      },
    })
  })

  it('are read without the wrapping around the signatures too', async () => {
    const [vector] = signedPackages()
    const head = packageHead(Buffer.concat(COMMANDS), PAYLOAD.length)
    const wrapped = vector!.bytes.subarray(head.length, vector!.bytes.length - PAYLOAD.length)
    const [, inner] = partsOf(readDer(wrapped), TAG.sequence)
    const bare = bytesOf(partsOf(inner!, TAG.contextParts(0))[0]!)
    const bytes = Uint8Array.from(Buffer.concat([head, bare, PAYLOAD]))
    expect(await lookAtImage({ ...vector!, bytes })).toMatchObject({
      kind: 'parsed',
      false: [],
      verified: { length: 1 },
    })
  })

  it('are read by four reads, whatever they hold', async () => {
    const image = countedImage(signedPackages()[0]!.bytes)
    await tr069SignedPackage.parse(image)
    expect(image.told().reads).toBe(4)
  })
})

it('is read where nobody signed it, and then has no signature', async () => {
  expect(await parse(packageOf([command(10, Buffer.from('1'))]))).toMatchObject({
    kind: 'parsed',
    image: { signatures: [], facts: { version: '1', reboots: null, from: null } },
  })
})

it('of another minor version is read, of another major version not (TR-069 table 94)', async () => {
  expect(await codeOf(packageOf([], { head: { minor: 7 } }))).toBe('parsed')
  expect(await codeOf(packageOf([], { head: { major: 2 } }))).toBe('format_version_not_supported')
})

it('that formats the file system says that settings are lost (TR-069 E.4.9)', async () => {
  expect(await parse(packageOf([command(17)]))).toMatchObject({ image: { facts: { settings: { kind: 'lost' } } } })
})

it.each([
  [2, 'software recovery'],
  [4, 'vendor configuration'],
  [0xff_00_1a_2b, 'of vendor 001A2B'],
])('of role %i is one for %s', async (role, name) => {
  expect(await parse(packageOf([command(20, u32(role))]))).toMatchObject({ image: { facts: { more: { role: name } } } })
})

describe('a package is refused', () => {
  const file = (path: string, offset = 0, content: Uint8Array = KERNEL) =>
    command(1, fileValue({ path, content, offset }))
  const withField = (at: number, number: number): Buffer => {
    const value = fileValue({ path: '/a', content: KERNEL, offset: 0 })
    value.writeUInt32BE(number, at)
    return command(1, value)
  }
  const payload = PAYLOAD
  const list = (...commands: Buffer[]) => packageOf(commands, { payload })

  const cases: Readonly<Record<string, readonly [Uint8Array, string]>> = {
    'that is shorter than a header': [Buffer.from('2WIRE_SP'), 'format_truncated'],
    'without its preamble': [Buffer.concat([Buffer.from('2WIRE_SQ'), packageOf([]).subarray(8)]), 'format_malformed'],
    'that ends within its command list': [packageHead(Buffer.alloc(100), 0).subarray(0, 60), 'format_truncated'],
    'with a command list of 64 KiB': [packageHead(Buffer.alloc(65_536), 0), 'format_limit_exceeded'],
    'that ends within its signatures': [packageOf([]).subarray(0, 40), 'format_truncated'],
    'that ends behind its command list': [packageHead(Buffer.alloc(0), 0), 'format_malformed'],
    'with a signature block in BER': [
      packageOf([], { signatures: Buffer.concat([Buffer.of(0x30, 0x80), NOBODY.subarray(2), Buffer.alloc(2)]) }),
      'format_malformed',
    ],
    'with a signature block of another tag': [
      packageOf([], { signatures: Buffer.concat([Buffer.of(0x31), NOBODY.subarray(1)]) }),
      'format_malformed',
    ],
    'with more than 150 kB before its payload': [
      packageOf([], { signatures: der(TAG.sequence, Buffer.alloc(300_000)) }),
      'format_limit_exceeded',
    ],
    'whose payload is cut short': [list().subarray(0, -1), 'format_truncated'],
    'with a byte behind its payload': [Buffer.concat([list(), Buffer.of(0)]), 'format_trailing_bytes'],
    'whose list ends within a command': [list(Buffer.from([0, 0, 0])), 'format_truncated'],
    'with a command that reaches beyond the list': [list(u32(1_000, 9)), 'format_span_out_of_range'],
    'with bytes behind the end of the list': [list(command(0), command(16)), 'format_trailing_bytes'],
    'whose end has a value': [list(command(0, Buffer.of(1))), 'format_malformed'],
    'that reboots before its last command': [list(command(16), command(10, Buffer.from('1'))), 'format_malformed'],
    'that reboots twice': [list(command(16), command(16)), 'format_malformed'],
    'with a reboot that has a value': [list(command(16, u32(1))), 'format_malformed'],
    'with two versions': [list(command(10, Buffer.from('1')), command(10, Buffer.from('1'))), 'format_duplicate'],
    'with two least versions': [list(command(18, u32(1)), command(18, u32(2))), 'format_duplicate'],
    'with two roles': [list(command(20, u32(1)), command(20, u32(1))), 'format_duplicate'],
    'with attributes of one class twice': [list(command(25, u32(0, 1)), command(25, u32(0, 1, 2))), 'format_duplicate'],
    'with one path twice': [list(file('/a'), file('/a', KERNEL.length + 3, PAGES)), 'format_duplicate'],
    'whose files overlap': [list(file('/a'), file('/b', KERNEL.length - 1, PAGES)), 'format_spans_overlap'],
    'whose files are one range': [list(file('/a'), file('/b')), 'format_spans_overlap'],
    'with a file beyond the payload': [list(file('/a', PAYLOAD.length - 5)), 'format_span_out_of_range'],
    'with a file at the end of the numbers': [list(withField(24, 0xffff_ffff)), 'format_span_out_of_range'],
    'with a path over the numbers': [list(withField(4, 28)), 'format_spans_overlap'],
    'with a path over the hash': [list(withField(8, 3)), 'format_spans_overlap'],
    'with a hash beyond the command': [list(withField(16, 40)), 'format_span_out_of_range'],
    'with another hash than SHA-1': [list(withField(12, 2)), 'format_feature_not_supported'],
    'with a hash of another length': [list(withField(20, 32)), 'format_malformed'],
    'with a file of seven numbers': [list(command(1, Buffer.alloc(28))), 'format_truncated'],
    'that climbs out of its folder': [list(file('/a/../../etc/passwd')), 'format_path_unsafe'],
    'with a path of no name': [list(file('/')), 'format_path_unsafe'],
    'with a path in a second spelling': [list(file('/a//b')), 'format_path_unsafe'],
    'with a path that another system splits': [list(file('/a\\..\\b')), 'format_path_unsafe'],
    'with a path that ends lines': [list(file('/a\nb')), 'format_malformed'],
    'with a path that ends early': [list(file('/a\0b')), 'format_malformed'],
    'with a path that is endless': [list(file(`/${'a'.repeat(600)}`)), 'format_limit_exceeded'],
    'that removes above itself': [list(command(7, removeValue('/a/..'))), 'format_path_unsafe'],
    'that moves above itself': [list(command(8, moveValue('/a', '/../b'))), 'format_path_unsafe'],
    'with a move of three numbers': [list(command(8, u32(0, 20, 1))), 'format_truncated'],
    'with a version that is no text': [list(command(10, Buffer.of(0xff))), 'format_malformed'],
    'with a version that turns colours': [list(command(10, Buffer.from('\u001B[31m'))), 'format_malformed'],
    'with a timeout of two bytes': [list(command(12, Buffer.alloc(2))), 'format_malformed'],
    'with a least version of no element': [list(command(18)), 'format_malformed'],
    'with a least version of six bytes': [list(command(18, Buffer.alloc(6))), 'format_malformed'],
    'with a least version of 17 elements': [
      list(command(18, u32(...Array<number>(17).fill(1)))),
      'format_limit_exceeded',
    ],
    'of a reserved role': [list(command(20, u32(7))), 'format_feature_not_supported'],
    'with bytes behind its role': [list(command(20, u32(1, 1))), 'format_trailing_bytes'],
    'with a role that is cut short': [list(command(20, Buffer.alloc(2))), 'format_truncated'],
    'with attributes that nobody defines': [list(command(25, u32(1, 1, 1))), 'format_feature_not_supported'],
    'with attributes of no class': [list(command(25, u32(0))), 'format_truncated'],
    'with more files than anybody installs': [
      list(
        ...Array.from({ length: 513 }, (_, at) =>
          command(1, fileValue({ path: `/${at}`, content: Buffer.alloc(0), offset: 0 })),
        ),
      ),
      'format_limit_exceeded',
    ],
  }
  it.each(Object.entries(cases))('%s', async (_name, [bytes, code]) => {
    expect(await codeOf(bytes)).toBe(code)
  })

  it('whose signature holds what it signs', async () => {
    const content = der(TAG.contextParts(0), der(TAG.octetString, KERNEL))
    const signatures = der(
      TAG.sequence,
      oid(OID.signedData),
      der(
        TAG.contextParts(0),
        der(TAG.sequence, integer(1), der(TAG.set), der(TAG.sequence, oid(OID.data), content), der(TAG.set)),
      ),
    )
    expect(await codeOf(packageOf([], { signatures }))).toBe('format_malformed')
  })
})

it('lists payload that no command names as unsigned', async () => {
  const commands = [command(1, fileValue({ path: '/a', content: KERNEL, offset: 2 }))]
  const bytes = packageOf(commands, { payload: Buffer.concat([Buffer.alloc(2), KERNEL, Buffer.alloc(3)]) })
  const start = bytes.length - 5 - KERNEL.length
  expect(await parse(bytes)).toMatchObject({
    image: {
      unsigned: [{ span: { start, end: start + 2 } }, { span: { start: bytes.length - 3, end: bytes.length } }],
    },
  })
})

it('tells a file whose bytes are others than its hash says', async () => {
  const sha1 = createHash('sha1').update('others').digest()
  const bytes = packageOf([command(1, fileValue({ path: '/a', content: KERNEL, offset: 0, sha1 }))], {
    payload: KERNEL,
  })
  expect(await lookAtImage({ name: '', format: 'tr069_signed_package', bytes, keys: [] })).toMatchObject({
    false: ['sha1 of /a'],
  })
})
