import fc from 'fast-check'
import { expect, it } from 'vitest'
import { onePass } from './one-pass.ts'

async function* pieces(bytes: Uint8Array, cuts: readonly number[]) {
  let at = 0
  for (const cut of cuts) {
    yield bytes.subarray(at, at + cut)
    at += cut
  }
  yield bytes.subarray(at)
}

it('gives each listener exactly the bytes of its span, however the image is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.nat(40), { maxLength: 8 }),
      fc.array(fc.tuple(fc.nat(220), fc.nat(220)), { maxLength: 6 }),
      async (bytes, cuts, ends) => {
        const heard = ends.map(([a, b]) => ({
          span: { start: Math.min(a, b), end: Math.max(a, b) },
          got: [] as number[],
        }))
        const size = await onePass(
          pieces(bytes, cuts),
          heard.map(({ span, got }) => ({ span, run: { update: (piece) => got.push(...piece) } })),
        )
        expect(size).toBe(bytes.length)
        for (const { span, got } of heard) expect(got).toEqual([...bytes.subarray(span.start, span.end)])
      },
    ),
  )
})
