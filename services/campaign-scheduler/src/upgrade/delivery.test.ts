import { defaultPolicy } from '@sluice/rollout'
import { expect, it } from 'vitest'
import { fetchesUntil } from './delivery.ts'

const HOUR = 3_600_000
const MIB = 1_048_576
const { timers } = defaultPolicy
const leastMs = 6 * HOUR

it('gives credentials that last from the end of the delay or of the last window', () => {
  expect(fetchesUntil({ timers }, MIB, null, { now: 0, leastMs })).toBe(leastMs)
  const delivery = { method: 'download' as const, delaySeconds: 86_400 }
  expect(fetchesUntil({ timers, delivery }, MIB, null, { now: 0, leastMs })).toBe(24 * HOUR + leastMs)
  const windows = [2, 26].map((hour) => ({ from: hour * HOUR, to: (hour + 2) * HOUR }))
  expect(fetchesUntil({ timers }, MIB, windows, { now: 0, leastMs })).toBe(28 * HOUR + leastMs)
})

it('gives them for as long as the slowest line may take that the campaign waits for', () => {
  const until = fetchesUntil({ timers }, 256 * MIB, null, { now: 0, leastMs })
  // The hour a CPE may be late (TR-069 3.7.2.4), a session it missed, and 2 Gbit at 128 kbit/s.
  const transfer = (256 * MIB * 8) / 128
  expect(until).toBe(timers.firstReportMs + timers.sessionRetryMs + transfer)
  expect(until).toBeGreaterThan(leastMs)
})
