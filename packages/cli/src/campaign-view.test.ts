import type { Campaign, Counters } from '@sluice/contracts'
import { expect, test } from 'vitest'
import { campaignLines, hurtOf } from './campaign-view.ts'

const none: Counters = {
  pending: 0,
  inFlight: 0,
  unproven: 0,
  success: 0,
  configLost: 0,
  hard: 0,
  silent: 0,
  stalled: 0,
  benign: 0,
}

function campaignOf(counters: Partial<Counters>, more: Partial<Campaign> = {}): Campaign {
  const all = { ...none, ...counters }
  return {
    name: 'spring',
    version: '2.0.0',
    state: 'running',
    stateReason: null,
    counters: all,
    waves: [{ wave: 1, state: 'open', size: 10, counters: all, openedAt: null, gate: null }],
    ...more,
  } as Campaign
}

const barOf = (campaign: Campaign) => /\[(.*)\]/.exec(campaignLines(campaign)[1]!)![1]!

test('a bar shows who is well, who is hurt, who is on the way and who is to come', () => {
  expect(barOf(campaignOf({ success: 5, hard: 2, inFlight: 1, pending: 2 }))).toBe(
    '#'.repeat(20) + '!'.repeat(8) + '~~~~' + '.'.repeat(8),
  )
})

test('a single hurt device shows however large the wave', () => {
  const campaign = campaignOf({ pending: 99_999, silent: 1 })
  const large = { ...campaign, waves: [{ ...campaign.waves[0]!, size: 100_000 }] }
  expect(barOf(large)).toMatch(/^!\.+$/)
  const done = campaignOf({ success: 138, hard: 2 })
  expect(barOf({ ...done, waves: [{ ...done.waves[0]!, size: 140 }] })).toBe('#'.repeat(39) + '!')
})

test('every way of being hurt counts', () => {
  expect(hurtOf({ ...none, hard: 1, silent: 2, stalled: 3, configLost: 4, benign: 100 })).toBe(10)
})

test('the open wave of a paused campaign is paused, and the reason is told', () => {
  const lines = campaignLines(campaignOf({}, { state: 'paused', stateReason: 'too many hurt' }))
  expect(lines[0]).toBe('spring to 2.0.0  paused: too many hurt')
  expect(lines[1]).toMatch(/paused$/)
})

test('when nothing moves, what the wave waits for is told', () => {
  const waits = (counters: Partial<Counters>) => {
    const campaign = campaignOf(counters)
    return campaignLines({ ...campaign, waves: [{ ...campaign.waves[0]!, gate: 'wave 1 waits for an approval' }] })
  }
  expect(waits({ success: 10 }).at(-1)).toBe('  wave 1 waits for an approval')
  expect(waits({ success: 9, inFlight: 1 })).toHaveLength(2)
})

test('an empty wave has an empty bar', () => {
  const campaign = campaignOf({})
  expect(barOf({ ...campaign, waves: [{ ...campaign.waves[0]!, size: 0 }] })).toBe('.'.repeat(40))
})
