import { createManualClock } from '@sluice/runtime'
import { expect, it } from 'vitest'
import { createPacer } from './pacer.ts'
import { PIECE_BYTES } from './piece-cache.ts'

/** Sends piece after piece for so long, and says how many bytes went. */
async function bytesIn(
  seconds: number,
  pace: { bytesPerSecond: number; transferBytesPerSecond: number },
  count: number,
) {
  const clock = createManualClock(1_000_000)
  const pacer = createPacer(clock, pace)
  const sent = Array.from({ length: count }, () => 0)
  let ended = false
  sent.forEach((_, who) => {
    const mayGo = pacer.join!()
    void (async () => {
      while (!ended) {
        await mayGo(pacer.pieceBytes)
        sent[who]! += pacer.pieceBytes
      }
    })()
  })
  await clock.advance(seconds * 1_000)
  ended = true
  await clock.advance(60_000)
  return sent
}
const sum = (all: readonly number[]) => all.reduce((total, one) => total + one, 0)

it('asks for nothing where nothing is paced', () => {
  const pacer = createPacer(createManualClock(0), { bytesPerSecond: 0, transferBytesPerSecond: 0 })
  expect(pacer).toEqual({ pieceBytes: PIECE_BYTES, join: null })
})

it('holds all transfers together to the budget, and each to its own', async () => {
  const together = await bytesIn(10, { bytesPerSecond: 1_000_000, transferBytesPerSecond: 0 }, 7)
  expect(sum(together)).toBeGreaterThan(9_900_000)
  expect(sum(together)).toBeLessThan(10_500_000)
  expect(Math.max(...together) / Math.min(...together)).toBeLessThan(1.1)
  const alone = await bytesIn(10, { bytesPerSecond: 1_000_000, transferBytesPerSecond: 200_000 }, 2)
  for (const bytes of alone) {
    expect(bytes).toBeGreaterThan(1_950_000)
    expect(bytes).toBeLessThan(2_150_000)
  }
})

it('sends smaller pieces where the rate is low, so that turns stay short', () => {
  const pieceAt = (bytesPerSecond: number) =>
    createPacer(createManualClock(0), { bytesPerSecond, transferBytesPerSecond: 0 }).pieceBytes
  expect(pieceAt(100_000)).toBe(16 * 1024)
  expect(pieceAt(12_800_000)).toBe(100_000)
  expect(pieceAt(1e9)).toBe(PIECE_BYTES)
})
