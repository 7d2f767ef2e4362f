import fc from 'fast-check'
import { expect, test } from 'vitest'

import { timeWindows, windowOffsets } from './time-windows.ts'
import { windowAt } from './window-at.ts'

const seed = Number(process.env['SLUICE_SEED'] ?? 20_261_121)
const hour = 3_600_000
const at = (iso: string) => Date.parse(iso)
const nights = [{ zone: 'UTC', from: '02:00', to: '04:00' }]

test('before a window: this night’s and the next one’s', () => {
  expect(timeWindows({ windows: nights }, null, at('2026-03-01T22:00:00Z'), hour)).toEqual([
    { from: at('2026-03-02T02:00:00Z'), to: at('2026-03-02T04:00:00Z') },
    { from: at('2026-03-03T02:00:00Z'), to: at('2026-03-03T04:00:00Z') },
  ])
})

test('within a window: the rest of it, if there is room, and the next one', () => {
  const [first] = timeWindows({ windows: nights }, null, at('2026-03-02T02:30:00Z'), hour)
  expect(first).toEqual({ from: at('2026-03-02T02:30:00Z'), to: at('2026-03-02T04:00:00Z') })
  const [next] = timeWindows({ windows: nights }, null, at('2026-03-02T03:30:00Z'), hour)
  expect(next).toEqual({ from: at('2026-03-03T02:00:00Z'), to: at('2026-03-03T04:00:00Z') })
})

test('windows are the subscriber’s own where the zone is known', () => {
  const [first] = timeWindows({ windows: nights }, 'Asia/Tokyo', at('2026-03-01T10:00:00Z'), hour)
  expect(first?.from).toBe(at('2026-03-01T17:00:00Z'))
})

test('a window that is more than a day away is not told of yet', () => {
  const sundays = [{ ...nights[0]!, days: ['sun' as const] }]
  expect(timeWindows({ windows: sundays }, null, at('2026-03-02T12:00:00Z'), hour)).toEqual([])
  expect(timeWindows({ windows: sundays }, null, at('2026-03-07T12:00:00Z'), hour)).toHaveLength(1)
})

test('a freeze is cut out of what devices are told', () => {
  const freeze = [{ from: '2026-03-02T00:00:00Z', to: '2026-03-02T12:00:00Z' }]
  const [first, second] = timeWindows({ windows: nights, freeze }, null, at('2026-03-01T22:00:00Z'), hour)
  expect([first, second]).toEqual([undefined, undefined])
  const open = timeWindows({ freeze }, null, at('2026-03-01T22:00:00Z'), hour)
  expect(open).toEqual([
    { from: at('2026-03-01T22:00:00Z'), to: at('2026-03-02T00:00:00Z') },
    { from: at('2026-03-02T12:00:00Z'), to: at('2026-03-03T12:00:00Z') },
  ])
})

test('no windows: one day from now on', () => {
  expect(timeWindows({}, null, 1_000, 0)).toEqual([{ from: 1_000, to: 1_000 + 24 * hour }])
})

test('in the words of the method: whole seconds from now, within the window', () => {
  expect(windowOffsets([{ from: 500, to: 10_900 }], 1_000)).toEqual([{ startSeconds: 0, endSeconds: 9 }])
  expect(windowOffsets([{ from: 1_500, to: 10_900 }], 1_000)).toEqual([{ startSeconds: 1, endSeconds: 9 }])
  expect(windowOffsets([{ from: 0, to: 1_000 }], 1_000)).toEqual([])
})

const hhmm = fc.tuple(fc.nat(23), fc.nat(59)).map(([h, m]) => [h, m].map((n) => String(n).padStart(2, '0')).join(':'))
const anyWindow = fc.record({
  zone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe'),
  from: hhmm,
  to: hhmm,
})

test(`every instant that a device is told of lies in a window, in order and apart (seed ${seed})`, () => {
  fc.assert(
    fc.property(
      fc.array(anyWindow, { maxLength: 3 }),
      fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2026-12-31T00:00:00Z') }),
      fc.integer({ min: 0, max: 3 * hour }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (windows, now, margin, share) => {
        const told = timeWindows({ windows }, null, now, margin)
        expect(told.length).toBeLessThanOrEqual(2)
        let free = now
        for (const { from, to } of told) {
          expect(from).toBeGreaterThanOrEqual(free)
          expect(to - from).toBeGreaterThan(margin)
          const inside = Math.min(to - 1, from + Math.floor(share * (to - from)))
          expect(windowAt({ windows }, null, inside).kind).toBe('open')
          free = to
        }
      },
    ),
    { seed, numRuns: 300 },
  )
})
