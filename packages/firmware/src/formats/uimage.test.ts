import { describe, expect, it } from 'vitest'
import { lookAtImage } from '../../test/look-at-image.ts'
import { missingTools } from '../../test/tools.ts'
import { makeUimage } from '../../test/uimage-vectors.ts'

const absent = missingTools('mkimage')

describe.skipIf(absent.length > 0)(`uImage ${absent.join(', ')}`, () => {
  const look = (bytes: Uint8Array) => lookAtImage({ name: 'uImage', format: 'uimage', bytes, keys: [] })

  it('says what mkimage wrote into it', async () => {
    const looked = await look(makeUimage())
    expect(looked).toMatchObject({
      kind: 'parsed',
      false: [],
      image: {
        facts: {
          description: 'MIPS Acme Linux-6.6',
          builtAt: 1_780_000_000_000,
          members: [{ name: 'MIPS Acme Linux-6.6', size: 21, sha256: null }],
          more: { os: 'linux', arch: 'mips', type: 'kernel', compression: 'none' },
          settings: { kind: 'unknown' },
        },
        unsigned: [],
      },
    })
  })

  it('tells the parts of a multi-file image', async () => {
    const looked = await look(makeUimage('multi'))
    expect(looked).toMatchObject({ false: [], image: { facts: { members: [{ size: 21 }, { size: 13 }] } } })
  })

  it('names the checksum that does not hold', async () => {
    const bytes = Buffer.from(makeUimage())
    bytes[80]! ^= 1
    expect(await look(bytes)).toMatchObject({ false: ['crc32 of the data'] })
    bytes[40]! ^= 1
    expect(await look(bytes)).toMatchObject({ false: ['crc32 of the header', 'crc32 of the data'] })
  })

  it('refuses an image cut short, one that goes on after its data, and one that is all header', async () => {
    const bytes = makeUimage()
    expect(await look(bytes.subarray(0, -1))).toMatchObject({ code: 'format_truncated' })
    expect(await look(bytes.subarray(0, 40))).toMatchObject({ code: 'format_truncated' })
    expect(await look(Buffer.concat([bytes, Buffer.of(0)]))).toMatchObject({ code: 'format_trailing_bytes' })
  })

  it('refuses parts that are not where the list says', async () => {
    const bytes = Buffer.from(makeUimage('multi'))
    bytes.writeUInt32BE(22, 64)
    bytes.writeUInt32BE(90, 68)
    expect(await look(bytes)).toMatchObject({ code: 'format_malformed' })
    bytes.fill(1, 64)
    expect(await look(bytes)).toMatchObject({ code: 'format_limit_exceeded' })
  })

  it('refuses a name that would end a line of a log', async () => {
    const bytes = Buffer.from(makeUimage())
    bytes[35] = 10
    expect(await look(bytes)).toMatchObject({ code: 'format_malformed' })
  })
})
