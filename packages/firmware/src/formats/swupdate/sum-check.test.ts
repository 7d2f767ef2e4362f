import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sumCheck } from './sum-check.ts'

function holds(bytes: Uint8Array, sum: number, cuts: readonly number[] = []): boolean | Promise<boolean> {
  const run = sumCheck(sum, { name: 'a', span: { start: 0, end: bytes.length } }).start()
  let at = 0
  for (const cut of cuts) run.update(bytes.subarray(at, (at += cut)))
  run.update(bytes.subarray(at))
  return run.finish()
}

it('adds every byte once, wherever the pieces begin', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 3_000 }),
      fc.array(fc.nat(700), { maxLength: 6 }),
      fc.nat(3),
      (bytes, cuts, moved) => {
        const sum = bytes.reduce((total, byte) => total + byte, 0)
        const unaligned = new Uint8Array(bytes.length + moved).subarray(moved)
        unaligned.set(bytes)
        expect(holds(unaligned, sum, cuts)).toBe(true)
        expect(holds(unaligned, sum + 1, cuts)).toBe(false)
      },
    ),
  )
})

it('adds up the greatest bytes there are, beyond 32 bits', () => {
  const bytes = new Uint8Array(20 * 1024 * 1024).fill(0xff)
  expect(holds(bytes, (bytes.length * 0xff) % 2 ** 32)).toBe(true)
})
