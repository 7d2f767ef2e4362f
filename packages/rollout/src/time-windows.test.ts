import fc from 'fast-check'
import { expect, test } from 'vitest'

import { minutes, situations } from './testing/arbitrary-windows.ts'
import { openStretches, startFrom } from './testing/wall-clock.ts'
import { timeWindows, windowOffsets } from './time-windows.ts'

const seed = Number(process.env['SLUICE_SEED'] ?? 20_261_121)
const hour = 3_600_000
const day = 24 * hour
/** In less nothing gets told and done. */
const leastMs = 60_000
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

test('rule 10; request 5: windows are the subscriber’s own where the zone is known', () => {
  const [first] = timeWindows({ windows: nights }, 'Asia/Tokyo', at('2026-03-01T10:00:00Z'), hour)
  expect(first?.from).toBe(at('2026-03-01T17:00:00Z'))
})

test('a window that is more than a day away is not told of yet', () => {
  const sundays = [{ ...nights[0]!, days: ['sun' as const] }]
  expect(timeWindows({ windows: sundays }, null, at('2026-03-02T12:00:00Z'), hour)).toEqual([])
  expect(timeWindows({ windows: sundays }, null, at('2026-03-07T12:00:00Z'), hour)).toHaveLength(1)
})

test('rule 10: a freeze is cut out of what devices are told', () => {
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

test(`rule 10: a device is told of the next two times with room in them within a day, and no instant of them is outside a window or in a freeze, by the clock on the wall (seed ${seed})`, () => {
  const told = [0, 0, 0]
  fc.assert(
    fc.property(situations(minutes), fc.nat(4 * day - 1), ({ rules, subscriber, from, marginMs }, after) => {
      const now = from + after
      const windows = timeWindows(rules, subscriber, now, marginMs)
      // Two of them, of a day each, with less than a day before each, and room.
      const open = openStretches(rules, subscriber, now, now + 5 * day)
      const room = Math.max(leastMs, marginMs)
      let free = now
      for (const window of windows) {
        expect(window.from).toBe(startFrom(open, free, room))
        expect(window.from).toBeLessThanOrEqual(free + day)
        expect(window.to - window.from).toBeGreaterThan(room)
        expect(open.some((stretch) => stretch.from <= window.from && window.to <= stretch.to)).toBe(true)
        free = window.to
      }
      const isCut = windows.length > 0 && startFrom(open, free, 0) === free
      if (isCut) expect(free - windows.at(-1)!.from).toBe(day)
      else if (windows.length < 2) expect(startFrom(open, free, room) ?? Infinity).toBeGreaterThan(free + day)
      expect(windows.length).toBeLessThanOrEqual(2)
      told[windows.length]! += 1
    }),
    { seed, numRuns: 300 },
  )
  expect(Math.min(...told)).toBeGreaterThan(0)
})
