import { expect, test } from 'vitest'

import type { ClaimAnswer, ClaimSituation } from './admit-claim.ts'
import { admitClaim } from './admit-claim.ts'
import { type Policy, defaultPolicy } from './policy.ts'
import { answered, claimed, completed, installing, policy, tellStory } from './tell-story.ts'

const now = 10_000_000

function claim(changes: Partial<ClaimSituation> = {}): ClaimAnswer {
  return admitClaim({
    now,
    upgrade: tellStory().upgrade,
    policy,
    campaign: 'running',
    waveOpen: true,
    reportedVersion: '1.0',
    zone: null,
    modelBlocked: false,
    heldElsewhere: false,
    caps: [],
    ...changes,
  })
}

test('an open campaign and wave, a free cap: go', () => {
  expect(claim({ caps: [{ name: 'in_flight', used: 9, limit: 10 }] })).toEqual({ kind: 'go' })
})

test('each full cap makes the device wait', () => {
  for (const name of [
    'in_flight',
    'unproven',
    'site_in_flight',
    'site_unproven',
    'starts_per_minute',
    'egress',
  ] as const)
    expect(
      claim({
        caps: [
          { name: 'in_flight', used: 0, limit: 1 },
          { name, used: 10, limit: 10 },
        ],
      }),
    ).toMatchObject({ kind: 'not_before', reason: `cap_${name}` })
})

test('a campaign that claims nothing new says so', () => {
  expect(claim({ campaign: 'paused' })).toMatchObject({ kind: 'not_before', reason: 'paused' })
  expect(claim({ campaign: 'draft' })).toMatchObject({ kind: 'not_before', reason: 'not_started' })
  expect(claim({ campaign: 'aborted' })).toMatchObject({ kind: 'gone', reason: 'aborted' })
  expect(claim({ campaign: 'finished' })).toMatchObject({ kind: 'gone', reason: 'finished' })
})

test('a wave that is not open makes the device wait', () => {
  expect(claim({ waveOpen: false })).toMatchObject({ kind: 'not_before', reason: 'wave_closed' })
})

test('request 21: a device already on the target is skipped, unless the same version is wanted', () => {
  expect(claim({ reportedVersion: '2.0' })).toEqual({ kind: 'gone', reason: 'already_on_target', withdraw: 'skipped' })
  expect(claim({ reportedVersion: '2.0', policy: { ...policy, allowSameVersion: true } })).toEqual({ kind: 'go' })
})

test('a device another upgrade holds waits', () => {
  expect(claim({ heldElsewhere: true })).toMatchObject({ kind: 'not_before', reason: 'held_elsewhere' })
})

test('a blocked model is offered nothing', () => {
  expect(claim({ modelBlocked: true })).toMatchObject({ kind: 'gone', reason: 'model_blocked' })
})

test('a backoff is waited out', () => {
  const { upgrade } = tellStory().tell(0, claimed()).tell(1, answered()).tell(2, completed(9010))
  if (upgrade.state !== 'retry') throw new Error('a retry is expected')
  expect(claim({ upgrade, now: upgrade.retryAt - 1 })).toEqual({
    kind: 'not_before',
    at: upgrade.retryAt,
    reason: 'backoff',
  })
  expect(claim({ upgrade, now: upgrade.retryAt })).toEqual({ kind: 'go' })
})

test('request 15: what is under way or over is not offered again', () => {
  expect(claim({ upgrade: installing().upgrade })).toMatchObject({ reason: 'already_offered' })
  expect(claim({ upgrade: installing().wait(10_000).upgrade })).toMatchObject({ reason: 'already_settled' })
})

test('rule 10; request 3: nothing starts that could not end within its window', () => {
  const nights = { ...policy, windows: [{ zone: 'UTC', from: '02:00', to: '04:00' }] }
  const at = (time: string) => Temporal.Instant.from(`2026-06-01T${time}:00Z`).epochMilliseconds
  expect(claim({ policy: nights, now: at('03:39') })).toEqual({ kind: 'go' })
  expect(claim({ policy: nights, now: at('03:41') })).toEqual({
    kind: 'not_before',
    at: at('02:00') + 86_400_000,
    reason: 'window',
  })
  expect(claim({ policy: nights, now: at('01:00') })).toMatchObject({ at: at('02:00'), reason: 'window' })
})

test('rule 10; request 3: without windows as well nothing starts that could not end before a freeze: its delay, transfer, flash, and where windows are strict the hour that a device may let pass', () => {
  const at = (time: string) => Temporal.Instant.from(`2026-12-19T${time}:00Z`).epochMilliseconds
  const freeze = [{ from: '2026-12-19T12:00:00Z', to: '2027-01-03T00:00:00Z' }]
  const kindAt = (time: string, more: Partial<Policy> = {}) =>
    claim({ policy: { ...defaultPolicy, freeze, ...more }, now: at(time) }).kind
  expect([kindAt('11:14'), kindAt('11:15'), kindAt('11:59')]).toEqual(['go', 'not_before', 'not_before'])
  const delivery = { delaySeconds: 4 * 3_600 }
  expect([kindAt('07:14', { delivery }), kindAt('07:15', { delivery })]).toEqual(['go', 'not_before'])
  expect([kindAt('10:14', { strictWindows: true }), kindAt('10:15', { strictWindows: true })]).toEqual([
    'go',
    'not_before',
  ])
  expect(claim({ policy: { ...defaultPolicy, freeze, windows: [] }, now: at('11:15') })).toEqual({
    kind: 'not_before',
    at: Date.parse('2027-01-03T00:00:00Z'),
    reason: 'window',
  })
})

test('strict windows leave the hour that a device may let pass before it begins', () => {
  const windows = [{ zone: 'UTC', from: '02:00', to: '05:00' }]
  const at = (time: string) => Temporal.Instant.from(`2026-06-01T${time}:00Z`).epochMilliseconds
  const strict = { ...policy, windows, strictWindows: true }
  expect(claim({ policy: { ...policy, windows }, now: at('04:39') })).toEqual({ kind: 'go' })
  expect(claim({ policy: strict, now: at('04:39') })).toMatchObject({ kind: 'not_before', reason: 'window' })
  expect(claim({ policy: strict, now: at('03:39') })).toEqual({ kind: 'go' })
})

test('the hours are those of the subscriber’s zone', () => {
  const nights = { ...policy, windows: [{ zone: 'UTC', from: '02:00', to: '04:00' }] }
  const now = Temporal.Instant.from('2026-06-01T07:00:00Z').epochMilliseconds
  expect(claim({ policy: nights, now })).toMatchObject({ kind: 'not_before', reason: 'window' })
  expect(claim({ policy: nights, now, zone: 'America/New_York' })).toEqual({ kind: 'go' })
})

test('of a batch the calendar is asked once for all that are alike, and again for who is not', () => {
  let asked = 0
  const night = { zone: 'Europe/Berlin', from: '02:00', to: '05:00' }
  const counting = {
    ...policy,
    windows: [night],
    get freeze() {
      asked += 1
      return []
    },
  }
  // 03:00 in Berlin, 02:00 in London, 11:00 in Tokyo.
  const batch = { now: Date.parse('2026-12-01T02:00:00Z'), policy: counting, windowsSaid: new Map() }
  const answers = [null, 'Asia/Tokyo', null, 'Asia/Tokyo', 'Europe/London', null].map(
    (zone) => claim({ ...batch, zone }).kind,
  )
  expect(answers).toEqual(['go', 'not_before', 'go', 'not_before', 'go', 'go'])
  expect(asked).toBe(3)
})
