import { expect, test } from 'vitest'

import type { Policy } from './policy.ts'
import { nextOpening, windowAt } from './window-at.ts'

const ms = (time: string) => Temporal.Instant.from(time).epochMilliseconds
const berlin: Pick<Policy, 'windows' | 'freeze'> = { windows: [{ zone: 'Europe/Berlin', from: '02:00', to: '05:00' }] }

test('without windows it is always open, except when frozen', () => {
  const freeze = [{ from: '2026-12-20T00:00:00Z', to: '2027-01-03T00:00:00Z' }]
  expect(windowAt({}, null, 0)).toEqual({ kind: 'open', until: null })
  expect(windowAt({ freeze }, null, ms('2026-12-24T12:00:00Z'))).toEqual({
    kind: 'closed',
    opensAt: ms('2027-01-03T00:00:00Z'),
  })
  expect(windowAt({ freeze }, null, ms('2026-12-19T12:00:00Z'))).toEqual({
    kind: 'open',
    until: ms('2026-12-20T00:00:00Z'),
  })
})

test('rule 10; request 3, 5: hours are the subscriber’s own, summer and winter', () => {
  expect(windowAt(berlin, null, ms('2026-07-01T00:30:00Z')).kind).toBe('open')
  expect(windowAt(berlin, null, ms('2026-12-01T00:30:00Z'))).toEqual({
    kind: 'closed',
    opensAt: ms('2026-12-01T01:00:00Z'),
  })
  expect(windowAt(berlin, 'America/New_York', ms('2026-07-01T06:30:00Z')).kind).toBe('open')
})

test('request 5: a window over the hour that daylight saving skips or repeats has the hours that exist', () => {
  // 2026-03-29: 02:00 becomes 03:00 at 01:00Z. 2026-10-25: 03:00 becomes 02:00 at 01:00Z.
  expect(windowAt(berlin, null, ms('2026-03-29T01:30:00Z'))).toEqual({
    kind: 'open',
    until: ms('2026-03-29T03:00:00Z'),
  })
  expect(windowAt(berlin, null, ms('2026-10-25T00:30:00Z'))).toEqual({
    kind: 'open',
    until: ms('2026-10-25T04:00:00Z'),
  })
})

test('a window past midnight is open on both sides of it', () => {
  const late = { windows: [{ zone: 'UTC', from: '22:00', to: '04:00', days: ['fri' as const] }] }
  expect(windowAt(late, null, ms('2026-11-20T23:00:00Z'))).toEqual({ kind: 'open', until: ms('2026-11-21T04:00:00Z') })
  expect(windowAt(late, null, ms('2026-11-21T03:00:00Z')).kind).toBe('open')
  expect(windowAt(late, null, ms('2026-11-21T23:00:00Z'))).toEqual({
    kind: 'closed',
    opensAt: ms('2026-11-27T22:00:00Z'),
  })
})

test('rule 10; request 3: the margin before the end is not for starting', () => {
  const half = 30 * 60_000
  expect(windowAt(berlin, null, ms('2026-07-01T02:29:00Z'), half)).toEqual({
    kind: 'open',
    until: ms('2026-07-01T02:30:00Z'),
  })
  expect(windowAt(berlin, null, ms('2026-07-01T02:30:00Z'), half)).toEqual({
    kind: 'closed',
    opensAt: ms('2026-07-02T00:00:00Z'),
  })
})

test('rule 10: a freeze cuts into a window', () => {
  const frozen = { ...berlin, freeze: [{ from: '2026-07-01T00:00:00Z', to: '2026-07-01T02:00:00Z' }] }
  expect(windowAt(frozen, null, ms('2026-07-01T01:00:00Z'))).toEqual({
    kind: 'closed',
    opensAt: ms('2026-07-01T02:00:00Z'),
  })
})

test('the next opening is after the window that is open now', () => {
  expect(nextOpening(berlin, null, ms('2026-07-01T01:00:00Z'))).toBe(ms('2026-07-02T00:00:00Z'))
  expect(nextOpening(berlin, null, ms('2026-07-01T12:00:00Z'))).toBe(ms('2026-07-02T00:00:00Z'))
  expect(nextOpening({}, null, 0)).toBeNull()
})
