import { defaultPolicy, timeWindows, windowMarginMs } from '@sluice/rollout'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { completePolicy, rolloutPolicy } from '../campaign/complete-policy.ts'
import { longestFetchMs } from '../campaign/transfer-stops.ts'
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

it('holds no credentials longer than what is stopped stays stopped for, whatever windows a device is handed', () => {
  const anyHour = fc.integer({ min: 0, max: 23 }).map((hour) => `${String(hour).padStart(2, '0')}:30`)
  const anyWindow = fc
    .record({ days: fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1 }), from: anyHour, to: anyHour })
    .filter(({ from, to }) => from !== to)
    .map((window) => ({ zone: 'UTC', ...window }))
  const anyPolicy = fc.record({
    windows: fc.array(anyWindow, { maxLength: 3 }),
    method: fc.constantFrom('download' as const, 'schedule_download' as const),
    delaySeconds: fc.integer({ min: 0, max: 200_000 }),
    firstReportMs: fc.integer({ min: 0, max: 50 * 24 * HOUR }),
    minTransferMs: fc.integer({ min: 0, max: 50 * 24 * HOUR }),
  })
  fc.assert(
    fc.property(
      anyPolicy,
      fc.integer({ min: 0, max: 2 ** 30 }),
      fc.integer({ min: 0, max: 400 * 24 }),
      (any, bytes, hour) => {
        const { windows, method, delaySeconds, firstReportMs, minTransferMs } = any
        const draft = { windows, delivery: { method, delaySeconds }, timers: { firstReportMs, minTransferMs } }
        const complete = completePolicy(draft)
        if (complete.kind === 'wrong') throw new Error(complete.detail)
        const { policy } = complete
        const now = 1_800_000_000_000 + hour * HOUR
        const { delivery: _, ...undelayed } = rolloutPolicy(policy)
        const margin = windowMarginMs(bytes, undelayed)
        const handed = method === 'download' ? [] : timeWindows(rolloutPolicy(policy), null, now, margin)
        const told = handed.length === 0 ? null : handed
        const until = fetchesUntil(policy, bytes, told, { now, leastMs })
        expect(until).toBeLessThanOrEqual(now + longestFetchMs(policy, bytes, leastMs))
      },
    ),
    { seed: Number(process.env['SLUICE_SEED'] ?? 20_261_120), numRuns: 500 },
  )
})
