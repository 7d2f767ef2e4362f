import type { PolicyDraft } from '@sluice/contracts'
import { windowAt } from '@sluice/rollout'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { completePolicy, rolloutPolicy } from './complete-policy.ts'
import { largestWithRoom, marginOf, openShare, roomNotes, wrongWindows } from './open-hours.ts'

const MEGABYTE = 1_000_000
const NOW = Date.parse('2026-06-01T00:00:00Z')

function complete(draft: PolicyDraft) {
  const completed = completePolicy(draft)
  if (completed.kind === 'wrong') throw new Error(completed.detail)
  return completed.policy
}

const window = (from: string, to: string, days?: number[], zone = 'UTC') => ({ zone, from, to, ...(days && { days }) })
const leg = (size = MEGABYTE, version = '2.0') => ({ size, version })
/** With 45 min for a small image. */
const wrong = (draft: PolicyDraft, ...path: ReturnType<typeof leg>[]) =>
  wrongWindows(complete(draft), path.length > 0 ? path : [leg()], NOW)

describe('windows that are too short for anything', () => {
  test('are refused with the minutes', () => {
    const sentence = '2.0 needs a window of 46 min, and the longest has 30 min: nothing would ever start'
    expect(wrong({ windows: [window('01:00', '01:30'), window('05:00', '05:20')] })).toBe(sentence)
    expect(wrong({ windows: [window('01:00', '01:45')] })).toMatch(/46 min, .* 45 min/)
    expect(wrong({ windows: [window('01:00', '01:46')] })).toBeNull()
    expect(wrong({})).toBeNull()
    expect(wrong({ windows: [] })).toBeNull()
  })

  test('the delay and the hour of a late start have to fit, but not for who keeps windows itself', () => {
    const windows = [window('01:00', '02:30')]
    const delivery = { method: 'download', delaySeconds: 3_600 } as const
    expect(wrong({ windows })).toBeNull()
    expect(wrong({ windows, strictWindows: true })).toMatch(/106 min, .* 90 min/)
    expect(wrong({ windows, delivery })).toMatch(/106 min, .* 90 min/)
    expect(wrong({ windows, strictWindows: true, delivery: { ...delivery, method: 'schedule_download' } })).toBeNull()
  })

  test('the smallest image of the path decides, and of the others it is said', () => {
    const policy = complete({ windows: [window('01:00', '02:00')] })
    const path = [leg(40 * MEGABYTE, 'large'), leg(MEGABYTE, 'small')]
    expect(wrongWindows(policy, path, NOW)).toBeNull()
    expect(wrongWindows(policy, path.slice(0, 1), NOW)).toMatch(/^large needs a window of 72 min/)
    expect([...roomNotes(policy, path, NOW)]).toEqual([
      'large needs a window of 72 min, and the longest has 60 min: nobody is offered it, and its time is not counted.',
    ])
    expect(largestWithRoom(policy, path, 40 * MEGABYTE, NOW)).toBe(MEGABYTE)
    const told = { ...policy, strictWindows: true, delivery: { method: 'schedule_download' as const } }
    expect([...roomNotes(told, path.slice(1), NOW)]).toEqual([
      'small needs a window of 106 min, and the longest has 60 min: who has no ScheduleDownload is not offered it.',
    ])
  })

  test('windows that touch are one, also past midnight and over the end of the week', () => {
    expect(wrong({ windows: [window('23:40', '00:00'), window('00:00', '00:26')] })).toBeNull()
    expect(wrong({ windows: [window('23:40', '00:00', [7]), window('00:00', '00:26', [1])] })).toBeNull()
    expect(wrong({ windows: [window('23:40', '00:00', [7]), window('00:00', '00:26', [2])] })).not.toBeNull()
    expect(wrong({ windows: [window('00:00', '00:00')], delivery: { method: 'download', delaySeconds: 86_400 } })).toBe(
      null,
    )
  })

  test('of several zones are not refused where they have room side by side', () => {
    // In summer half past two in Berlin is half past midnight of UTC.
    const berlin = window('02:00', '02:30', undefined, 'Europe/Berlin')
    const touching = [berlin, window('00:30', '01:00')]
    expect(wrong({ windows: touching })).toBeNull()
    expect(openShare(complete({ windows: touching }), MEGABYTE)).toBeGreaterThan(0)
    expect(wrong({ windows: [berlin, window('05:00', '05:30')] })).not.toBeNull()
  })

  const minutes = fc.integer({ min: 0, max: 24 * 4 - 1 }).map((n) => {
    const two = (figure: number) => String(figure).padStart(2, '0')
    return `${two(Math.floor(n / 4))}:${two((n % 4) * 15)}`
  })
  const someWindow = fc.record(
    {
      zone: fc.constant('UTC'),
      from: minutes,
      to: minutes,
      days: fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1 }),
    },
    { requiredKeys: ['zone', 'from', 'to'] },
  )
  const windows = fc.array(someWindow, { minLength: 1, maxLength: 4 })

  test('are those in which a claim is let in at no time, and the share is how long one is', () => {
    const seen = { refused: 0, taken: 0 }
    fc.assert(
      fc.property(windows, fc.integer({ min: 0, max: 24 * 60 }), (some, delayMinutes) => {
        const policy = complete({ windows: some, delivery: { method: 'download', delaySeconds: delayMinutes * 60 } })
        const margin = marginOf(policy, MEGABYTE)
        let open = 0
        for (let at = NOW; at < NOW + 7 * 24 * 3_600_000;) {
          const answer = windowAt(rolloutPolicy(policy), null, at, margin)
          const until = answer.kind === 'open' ? answer.until : answer.opensAt
          const next = Math.min(until ?? Infinity, NOW + 7 * 24 * 3_600_000)
          if (answer.kind === 'open') open += next - at
          at = next
        }
        const isRefused = wrongWindows(policy, [leg()], NOW) !== null
        seen[isRefused ? 'refused' : 'taken'] += 1
        expect(isRefused).toBe(open === 0)
        if (!isRefused) expect(openShare(policy, MEGABYTE)).toBeCloseTo(open / (7 * 24 * 3_600_000))
      }),
      { seed: 20_261_201, numRuns: 100 },
    )
    expect(Math.min(seen.refused, seen.taken)).toBeGreaterThan(10)
  })
})

test('the share of windows is that of their union without the margins at their ends, past midnight and over the weekend as well', () => {
  const share = (...windows: ReturnType<typeof window>[]) => openShare(complete({ windows }), MEGABYTE)
  const hours = (each: number, times = 7) => (each * times) / (7 * 24)
  expect(share()).toBe(1)
  expect(share(window('22:00', '04:00'))).toBeCloseTo(hours(5.25))
  expect(share(window('00:00', '12:00'), window('06:00', '12:00'))).toBeCloseTo(hours(11.25))
  expect(share(window('00:00', '00:00', [7]))).toBeCloseTo(hours(23.25, 1))
  expect(share(window('12:00', '12:00', [7]))).toBeCloseTo(hours(23.25, 1))
  expect(share(window('12:00', '12:00'))).toBe(1)
})
