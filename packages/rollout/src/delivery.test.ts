import { expect, test } from 'vitest'

import {
  answered,
  boots,
  claimed,
  completed,
  first,
  firstByte,
  informs,
  lastByte,
  oldVersion,
  outcomeOf,
  policy,
  refused,
  second,
  target,
  tellStory,
} from './tell-story.ts'

const schedule = { from: 10_000_000, until: 20_000_000 }
const scheduled = () => tellStory().tell(0, { ...claimed(), schedule } as never)
const delayed = (delayMs: number) => tellStory().tell(0, { ...claimed(), delayMs } as never)

test('DelaySeconds comes before the time that a device has to begin', () => {
  const story = delayed(50_000_000).tell(1, answered())
  expect(story.upgrade.dueAt).toBe(50_000_000 + 600_000 + 100_000)
  expect(outcomeOf(story.wait(50_699))).toBe('accepted')
  expect(outcomeOf(story.wait(50_700))).toEqual({ kind: 'timed_out', stage: 'accepted', contact: 'silent' })
})

test('what a device says before its delay is over is no sign of life after it', () => {
  const story = delayed(50_000_000).tell(1, answered()).tell(40_000, informs(oldVersion, '2 PERIODIC'))
  expect(outcomeOf(story.wait(60_000))).toMatchObject({ contact: 'silent' })
  const heard = delayed(50_000_000).tell(1, answered()).tell(50_100, informs(oldVersion, '2 PERIODIC'))
  expect(outcomeOf(heard.wait(60_000))).toMatchObject({ contact: 'stalled' })
})

test('a lost answer is waited for as long as its delay', () => {
  const story = delayed(50_000_000).tell(1, { kind: 'download_unanswered', attemptId: first })
  expect(outcomeOf(story.wait(50_699))).toBe('in_doubt')
})

test('a scheduled device has until its last window ends, and the worst session retry', () => {
  const story = scheduled().tell(1, answered())
  expect(story.upgrade.dueAt).toBe(20_000_000 + 100_000)
  expect(outcomeOf(story.wait(20_099))).toBe('accepted')
  expect(outcomeOf(story.wait(20_100))).toEqual({ kind: 'timed_out', stage: 'accepted', contact: 'silent' })
})

test('a scheduled device may fetch before its window, and hold the image until it ends', () => {
  const story = scheduled().tell(1, answered()).tell(2, firstByte()).tell(100, lastByte())
  expect(outcomeOf(story)).toBe('transferring')
  expect(outcomeOf(story.wait(20_399))).toBe('transferring')
  expect(outcomeOf(story.wait(20_400))).toMatchObject({ kind: 'timed_out', stage: 'transferring' })
})

test('a boot of a scheduled device that holds the image is no rollback before its windows are over', () => {
  const story = scheduled().tell(1, answered()).tell(2, firstByte()).tell(100, lastByte())
  story.tell(200, boots(oldVersion)).tell(12_000, boots(oldVersion)).tell(19_000, informs(oldVersion))
  expect(outcomeOf(story)).toBe('transferring')
  expect(outcomeOf(story.tell(20_051, informs(oldVersion)))).toEqual({ kind: 'rolled_back', seenTarget: false })
})

test('a scheduled device that claims success and boots the old version has rolled back', () => {
  const story = scheduled().tell(1, answered()).tell(11_000, firstByte()).tell(11_100, lastByte())
  story.tell(11_200, boots(oldVersion), completed()).tell(11_300, informs(oldVersion))
  expect(outcomeOf(story)).toEqual({ kind: 'rolled_back', seenTarget: false })
})

test('at an operator’s server a boot during the delay, or before the windows are over, stands for no transfer', () => {
  const far = tellStory(policy, { hosting: 'operator' }).tell(0, { ...claimed(), delayMs: 5_000_000 } as never)
  far.tell(1, answered()).tell(100, boots(oldVersion)).tell(1_000, informs(oldVersion))
  expect(outcomeOf(far)).toBe('accepted')
  const own = tellStory(policy, { hosting: 'operator' }).tell(0, { ...claimed(), schedule } as never)
  own.tell(1, answered()).tell(12_000, boots(oldVersion)).tell(13_000, informs(oldVersion))
  expect(outcomeOf(own)).toBe('accepted')
})

test('a scheduled device that reports the target is believed like any other', () => {
  const story = scheduled().tell(1, answered()).tell(11_000, boots(target))
  expect(outcomeOf(story)).toBe('verifying')
})

test('9020: tried again with other windows, never the same ones, and not charged', () => {
  const early = scheduled().tell(1, answered()).tell(15_000, completed(9020))
  expect(early.upgrade).toMatchObject({ state: 'retry', retryAt: 20_000_000, tries: [{ charged: false }] })
  const late = scheduled().tell(1, answered()).tell(20_050, completed(9020))
  expect(late.upgrade).toMatchObject({ state: 'retry', retryAt: 20_050_000 })
})

test('rule 12; request 14: 9020 where the subscriber is asked: declined', () => {
  const story = tellStory({ ...policy, confirmation: true }).tell(0, { ...claimed(), schedule } as never)
  expect(outcomeOf(story.tell(1, answered()).tell(20_050, completed(9020)))).toEqual({ kind: 'declined' })
})

test.each([9000, 9002, 9003])(
  'ScheduleDownload refused with %i: Download at once, not charged, and learnt from three of the model',
  (fault) => {
    const story = scheduled().tell(1, refused(fault))
    expect(story.upgrade).toMatchObject({ state: 'retry', retryAt: 1_000, scheduleRefused: true })
    expect(story.upgrade.tries).toMatchObject([{ charged: false, reason: 'schedule_refused' }])
    expect(story.effects).toContainEqual({ kind: 'learn_model', lesson: 'no_schedule_download', afterDevices: 3 })
    expect(story.effects.some(({ kind }) => kind === 'block_model')).toBe(false)
    story.tell(2, claimed(second)).tell(3, refused(9000, second))
    expect(outcomeOf(story)).toMatchObject({ kind: 'failed', reason: 'download_refused_by_device' })
  },
)

test('the set of arguments that a device took after it refused the other one is learnt for its model', () => {
  const story = tellStory().tell(0, claimed()).tell(1, refused(9003)).tell(2, claimed(second))
  expect(story.effects.filter(({ kind }) => kind === 'learn_model')).toEqual([])
  story.tell(3, answered(1, second)).tell(4, firstByte(second))
  const lessons = story.effects.filter(({ kind }) => kind === 'learn_model')
  expect(lessons).toEqual([{ kind: 'learn_model', lesson: 'takes_other_arguments', afterDevices: 1 }])
})

test('a device begins with what others of its model took, and changes over once as any other', () => {
  const story = tellStory().tell(0, { ...claimed(), downloadArguments: 'other' } as never)
  expect(story.upgrade.downloadArguments).toBe('other')
  story.tell(1, refused(9002)).tell(2, { ...claimed(second), downloadArguments: 'other' } as never)
  expect(story.upgrade.downloadArguments).toBe('usual')
  story.tell(3, answered(1, second))
  expect(story.effects).toContainEqual({ kind: 'learn_model', lesson: 'takes_usual_arguments', afterDevices: 1 })
})

test('without a refusal before it an acceptance teaches nothing', () => {
  const story = tellStory().tell(0, claimed()).tell(1, answered())
  expect(story.effects).toEqual([])
})
