import fc from 'fast-check'
import { expect, it } from 'vitest'
import { countedImage } from '../../test/counted-image.ts'
import { readAhead } from './read-ahead.ts'

it('gives the bytes of the image, in whatever order they are asked for', async () => {
  const bytes = Uint8Array.from({ length: 200_000 }, (_, at) => at % 251)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(200_000), fc.nat(70_000)), { maxLength: 12 }), async (asked) => {
      const source = readAhead(countedImage(bytes))
      for (const [start, length] of asked) {
        const span = { start, end: Math.min(start + length, bytes.length) }
        expect(Buffer.from(await source.read(span)).equals(bytes.subarray(span.start, span.end))).toBe(true)
      }
    }),
    { numRuns: 40 },
  )
})

it('makes few reads of many small ones', async () => {
  const image = countedImage(new Uint8Array(130_000))
  const source = readAhead(image)
  for (let at = 0; at + 4 <= 130_000; at += 4) await source.read({ start: at, end: at + 4 })
  expect(image.told()).toEqual({ reads: 2, longest: 65_536 })
})
