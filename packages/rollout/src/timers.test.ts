import { expect, test } from 'vitest'

import { classOf } from './class-of.ts'
import { excuse } from './excuse.ts'
import {
  answered,
  boots,
  claimed,
  completed,
  firstByte,
  informs,
  installing,
  lastByte,
  oldVersion,
  outcomeOf,
  policy,
  target,
  tellStory,
} from './tell-story.ts'
import { wantsWatch } from './upgrade.ts'

const timedOut = (stage: string, contact: string) => ({ kind: 'timed_out', stage, contact })

test('rule 8; request 1: no answer: the doubt, then the accepted timer', () => {
  const story = tellStory().tell(0, claimed())
  expect(story.upgrade.dueAt).toBe(30_000)
  expect(outcomeOf(story.wait(699))).toBe('in_doubt')
  expect(outcomeOf(story.wait(700))).toEqual(timedOut('in_doubt', 'silent'))
})

test('rule 8; request 1: accepted, then no byte and no report', () => {
  const story = tellStory().tell(0, claimed()).tell(1, answered())
  expect(story.upgrade.dueAt).toBe(701_000)
  expect(outcomeOf(story.wait(701))).toEqual(timedOut('accepted', 'silent'))
  expect(classOf(story.upgrade)).toBe('silent')
})

test('rule 8; request 1: first byte to last byte: at least minTransferMs, longer for a large image on a slow line', () => {
  const small = tellStory().tell(0, claimed()).tell(1, answered()).tell(10, firstByte())
  expect(small.upgrade.dueAt).toBe(910_000)
  const large = tellStory(policy, { imageBytes: 32_000_000 })
    .tell(0, claimed())
    .tell(1, answered())
    .tell(10, firstByte())
  expect(large.upgrade.dueAt).toBe(10_000 + 2_000_000)
  expect(outcomeOf(small.wait(910))).toEqual(timedOut('transferring', 'silent'))
})

test('rule 8; request 1, 19: last byte to back: the flash and the worst session retry', () => {
  const story = installing()
  expect(story.upgrade.dueAt).toBe(500_000)
  expect(outcomeOf(story.wait(499))).toBe('returning')
  expect(outcomeOf(story.wait(500))).toEqual(timedOut('returning', 'silent'))
})

test('a slow model has its own time to answer and to come back, where that is longer', () => {
  const claim = (answerMs: number, rebootMs: number) => ({ ...claimed(), slowness: { answerMs, rebootMs } })
  const slow = tellStory().tell(0, claim(240_000, 900_000))
  expect(slow.upgrade.dueAt).toBe(240_000)
  slow.tell(1, answered()).tell(10, firstByte()).tell(100, lastByte())
  expect(slow.upgrade.dueAt).toBe(100_000 + 900_000 + policy.timers.sessionRetryMs)
  const quick = tellStory().tell(0, claim(1, 1))
  expect(quick.upgrade.dueAt).toBe(policy.timers.answerMs)
  quick.tell(1, answered()).tell(10, firstByte()).tell(100, lastByte())
  expect(quick.upgrade.dueAt).toBe(500_000)
})

test('a device that still informs on the old version is stalled, not silent', () => {
  const story = installing().tell(301, informs(oldVersion)).wait(500)
  expect(outcomeOf(story)).toEqual(timedOut('returning', 'stalled'))
  expect(classOf(story.upgrade)).toBe('stalled')
})

test('a device last heard of in the first half of the wait is silent until it informs again', () => {
  const story = installing().tell(300, informs(oldVersion)).wait(500)
  expect(outcomeOf(story)).toEqual(timedOut('returning', 'silent'))
  expect(outcomeOf(story.tell(501, informs(oldVersion)))).toEqual(timedOut('returning', 'stalled'))
})

test('contact before the device went to install does not hide that it never came back', () => {
  const story = tellStory()
    .tell(0, claimed())
    .tell(1, answered())
    .tell(10, firstByte())
    .tell(50, informs(oldVersion))
    .tell(100, lastByte())
    .wait(500)
  expect(outcomeOf(story)).toEqual(timedOut('returning', 'silent'))
})

test('an outcome becomes final after finalMs', () => {
  const story = installing().wait(500)
  expect(story.upgrade.dueAt).toBe(500_000 + policy.timers.finalMs)
})

test('a timer that is not due changes nothing', () => {
  const story = installing()
  expect(story.tell(499, { kind: 'time_passed' }).ignored).toBe('not_due')
})

test('request 20: timers stand still while our own services are down', () => {
  const story = installing()
  story.upgrade = excuse(story.upgrade, { from: 110_000, to: 170_000 }, policy)
  expect(story.upgrade.dueAt).toBe(560_000)
  expect(outcomeOf(story.wait(559))).toBe('returning')
  expect(outcomeOf(story.wait(560))).toMatchObject({ kind: 'timed_out' })
})

test('an outage told twice, or in parts, is excused once', () => {
  const { upgrade } = installing()
  const whole = excuse(upgrade, { from: 110_000, to: 170_000 }, policy)
  expect(excuse(whole, { from: 110_000, to: 170_000 }, policy)).toBe(whole)
  expect(excuse(whole, { from: 120_000, to: 130_000 }, policy)).toBe(whole)
  const parts = [
    { from: 140_000, to: 170_000 },
    { from: 110_000, to: 150_000 },
  ].reduce((excused, outage) => excuse(excused, outage, policy), upgrade)
  expect(parts.dueAt).toBe(whole.dueAt)
})

test('only the part of an outage after the timer began stops it', () => {
  const { upgrade } = installing()
  expect(excuse(upgrade, { from: 40_000, to: 110_000 }, policy).dueAt).toBe(510_000)
  expect(excuse(upgrade, { from: 500_000, to: 600_000 }, policy).dueAt).toBe(500_000)
})

test('a timer that stood still in an earlier stage is not longer in the next', () => {
  const story = tellStory().tell(0, claimed()).tell(1, answered()).tell(10, firstByte())
  story.upgrade = excuse(story.upgrade, { from: 20_000, to: 80_000 }, policy)
  expect(story.upgrade.dueAt).toBe(970_000)
  expect(story.tell(100, lastByte()).upgrade.dueAt).toBe(500_000)
})

test('an outage before the offer, or of an upgrade without an open try, excuses nothing', () => {
  const { upgrade } = tellStory().tell(100, claimed())
  expect(excuse(upgrade, { from: 10_000, to: 100_000 }, policy)).toBe(upgrade)
  expect(excuse(upgrade, { from: 130_000, to: 120_000 }, policy)).toBe(upgrade)
  const planned = tellStory().upgrade
  expect(excuse(planned, { from: 0, to: 100_000 }, policy)).toBe(planned)
})

test('a transfer that failed in our own outage is not charged, a refused image is', () => {
  const during = (fault: number) => {
    const story = tellStory().tell(0, claimed()).tell(1, answered()).tell(10, firstByte())
    story.upgrade = excuse(story.upgrade, { from: 20_000, to: 80_000 }, policy)
    return story.tell(90, completed(fault))
  }
  expect(during(9017).upgrade).toMatchObject({ state: 'retry', tries: [{ charged: false }] })
  expect(during(9018).upgrade).toMatchObject({ state: 'settled', tries: [{ charged: true }] })
  const heardTooLate = tellStory().tell(0, claimed()).tell(1, answered()).tell(90, completed(9017)).upgrade
  const excused = excuse(heardTooLate, { from: 20_000, to: 80_000 }, policy)
  expect(heardTooLate.tries).toMatchObject([{ charged: true }])
  expect(excused).toMatchObject({ state: 'retry', tries: [{ charged: false }], dueAt: null })
  expect(excused.state === 'retry' && heardTooLate.state === 'retry' && excused.retryAt).toBe(
    heardTooLate.state === 'retry' && heardTooLate.retryAt,
  )
})

test('the watch is on from the offer to the final time', () => {
  const story = tellStory()
  expect(wantsWatch(story.upgrade)).toBe(false)
  expect(wantsWatch(story.tell(0, claimed()).upgrade)).toBe(true)
  story.tell(200, boots(target)).tell(300, informs(target))
  expect(wantsWatch(story.upgrade)).toBe(true)
  expect(wantsWatch(story.wait(200_000).upgrade)).toBe(false)
})
