import fc from 'fast-check'
import { expect, it } from 'vitest'
import { blob, blobmsg } from '../../../test/write-ucert.ts'
import type { ParsedImage } from '../format.ts'
import { orRefused } from '../refuse.ts'
import { readBlobs, readTable } from './blob.ts'

const BYTES = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes))
const NAME = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme-ascii' })

it('reads the attributes that were written, one after the other', () => {
  const written = fc.array(fc.record({ id: fc.nat(127), extended: fc.boolean(), data: BYTES }), { maxLength: 5 })
  fc.assert(
    fc.property(written, (attributes) => {
      const bytes = Buffer.concat(attributes.map(({ id, data, extended }) => blob(id, data, extended)))
      expect(readBlobs(bytes)).toEqual(attributes)
    }),
  )
})

it('reads the table that was written', () => {
  fc.assert(
    fc.property(fc.uniqueArray(NAME, { maxLength: 5 }), BYTES, (names, data) => {
      const table = readTable(Buffer.concat(names.map((name) => blobmsg(3, name, data))))
      expect([...table]).toEqual(names.map((name) => [name, { type: 'string', data }]))
    }),
  )
})

it('refuses or reads arbitrary bytes, and never throws', async () => {
  const outcomeOf = (bytes: Buffer) =>
    orRefused(async () => {
      readTable(bytes)
      return {} as ParsedImage
    })
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), fc.nat(45), async (noise, length) => {
      await outcomeOf(Buffer.from(noise))
      await outcomeOf(Buffer.concat([Buffer.of(0x83, 0, 0, length), noise]))
    }),
    { numRuns: 500 },
  )
})

it('refuses a name that comes twice, in which two readers would see two certificates', async () => {
  const twice = Buffer.concat([blobmsg(5, 'certtype', Buffer.alloc(4)), blobmsg(5, 'certtype', Buffer.alloc(4))])
  const read = await orRefused(async () => {
    readTable(twice)
    return {} as ParsedImage
  })
  expect(read).toMatchObject({ code: 'format_duplicate' })
})
