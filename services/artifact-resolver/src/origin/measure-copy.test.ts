import { createHash, randomBytes } from 'node:crypto'
import { createManualClock } from '@sluice/runtime'
import { expect, it } from 'vitest'
import { measureCopy } from './measure-copy.ts'

const BYTES = randomBytes(10_000)

async function* inChunks(size: number, tell: (at: number) => void = () => undefined) {
  for (let at = 0; at < BYTES.length; at += size) {
    tell(at)
    yield BYTES.subarray(at, at + size)
  }
}

it('measures a copy as it comes', async () => {
  const clock = createManualClock(0)
  const measured = await measureCopy(inChunks(999), { most: BYTES.length, bytesPerSecond: Infinity, clock })
  expect(measured).toEqual({ size: BYTES.length, sha256: createHash('sha256').update(BYTES).digest('hex') })
})

it('takes no byte beyond the chunk that was too much', async () => {
  const taken: number[] = []
  const clock = createManualClock(0)
  const chunks = inChunks(1_000, (at) => taken.push(at))
  expect((await measureCopy(chunks, { most: 2_500, bytesPerSecond: Infinity, clock })).size).toBe(3_000)
  expect(taken).toEqual([0, 1_000, 2_000])
})

it('reads no faster than told', async () => {
  const clock = createManualClock(0)
  const taken: number[] = []
  const chunks = inChunks(1_000, (at) => taken.push(at))
  let done = false
  const measuring = measureCopy(chunks, { most: BYTES.length, bytesPerSecond: 1_000, clock }).then(() => (done = true))
  await clock.advance(2_500)
  expect(taken).toEqual([0, 1_000, 2_000])
  await clock.advance(7_400)
  expect([taken.length, done]).toEqual([10, false])
  await clock.advance(200)
  await measuring
})
