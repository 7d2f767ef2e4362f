import { describe, expect, test } from 'vitest'

import { classOf, foldCounters } from './class-of.ts'
import { lastAttempt } from './step.ts'
import {
  answered,
  boots,
  bootsAgain,
  claimed,
  completed,
  informs,
  installing,
  oldVersion,
  outcomeOf,
  policy,
  target,
  tellStory,
} from './tell-story.ts'

const loop = { kind: 'failed', reason: 'reboot_loop' }

describe('a device that boots again and again on the target within the soak', () => {
  test('is a reboot loop at the third boot beyond the first, at once, and hard', () => {
    const story = installing().tell(200, boots(target), completed()).tell(210, boots(target)).tell(220, boots(target))
    expect(outcomeOf(story)).toBe('verifying')
    story.tell(230, boots(target))
    expect(outcomeOf(story)).toMatchObject(loop)
    expect(classOf(story.upgrade)).toBe('hard')
  })

  test('stays one when it informs after the soak', () => {
    const story = installing()
    for (const at of [200, 210, 220, 230]) story.tell(at, boots(target))
    expect(outcomeOf(story.tell(300, informs(target)).wait(100_000))).toMatchObject(loop)
    for (let at = 400; at < 800; at += 10) story.tell(at, boots(target))
    expect(outcomeOf(story)).toMatchObject(loop)
  })

  test('is one too where the first boot was never told', () => {
    const story = installing().tell(200, informs(target)).tell(210, boots(target)).tell(220, boots(target))
    expect(outcomeOf(story)).toBe('verifying')
    expect(outcomeOf(story.tell(230, boots(target)))).toMatchObject(loop)
  })

  test('is none where boots are further apart than the soak', () => {
    const story = installing().tell(200, boots(target))
    for (const at of [250, 310, 370, 430]) story.tell(at, boots(target))
    expect(outcomeOf(story)).toMatchObject({ kind: 'verified' })
  })

  test('is none where one boot is told again by the retries of its session', () => {
    const story = installing().tell(200, boots(target))
    for (const [at, retries] of [
      [205, 1],
      [215, 2],
      [235, 3],
    ] as const)
      story.tell(at, bootsAgain(target, retries))
    expect(outcomeOf(story.tell(270, informs(target)))).toMatchObject({ kind: 'verified' })
  })

  test('is one where each boot is heard of at its second try only', () => {
    const story = installing()
    for (const at of [200, 210, 220, 230]) story.tell(at, bootsAgain(target, 1))
    expect(outcomeOf(story)).toMatchObject(loop)
  })

  test('is none where somebody told it to reboot', () => {
    const story = installing().tell(200, boots(target))
    for (const at of [210, 220, 230]) story.tell(at, informs(target, '1 BOOT', 'M Reboot'))
    expect(outcomeOf(story.tell(270, informs(target)))).toMatchObject({ kind: 'verified' })
  })

  test('is one at as many boots as the campaign says', () => {
    const story = installing({ ...policy, rebootLoopBoots: 1 })
      .tell(200, boots(target))
      .tell(210, boots(target))
    expect(outcomeOf(story)).toMatchObject(loop)
  })

  test('and then falls back has rolled back', () => {
    const story = installing()
    for (const at of [200, 210, 220, 230]) story.tell(at, boots(target))
    expect(outcomeOf(story.tell(240, boots(oldVersion)))).toEqual({ kind: 'rolled_back', seenTarget: true })
  })
})

describe('a device that boots again and again on the old version', () => {
  test('since it took the Download: a reboot loop, long before any timer', () => {
    const story = tellStory().tell(0, claimed()).tell(1, answered())
    for (const at of [20, 30, 40]) story.tell(at, boots(oldVersion))
    expect(outcomeOf(story)).toBe('accepted')
    expect(outcomeOf(story.tell(50, boots(oldVersion)))).toMatchObject(loop)
  })

  test('with the whole image: a loop rather than a rollback', () => {
    const story = installing()
    for (const at of [110, 120, 130, 140]) story.tell(at, boots(oldVersion))
    expect(outcomeOf(story)).toMatchObject(loop)
    expect(outcomeOf(story.tell(300, informs(oldVersion)))).toMatchObject(loop)
  })

  test('after a fault: the fault is why', () => {
    const story = installing().tell(105, completed(9018))
    for (const at of [110, 120, 130, 140]) story.tell(at, boots(oldVersion))
    expect(outcomeOf(story)).toMatchObject({ reason: 'image_rejected' })
  })

  test('now and then: no loop', () => {
    const story = tellStory().tell(0, claimed()).tell(1, answered())
    for (const at of [20, 70, 120, 170, 220]) story.tell(at, boots(oldVersion))
    expect(outcomeOf(story)).toBe('accepted')
  })

  test('and comes up on the target after all: reopened', () => {
    const story = installing()
    for (const at of [110, 120, 130, 140]) story.tell(at, boots(oldVersion))
    expect(outcomeOf(story.tell(500, boots(target)).tell(600, informs(target)))).toMatchObject({ kind: 'verified' })
  })
})

describe('bad input 37: a device that goes back and forth between versions', () => {
  const flap = (times: number) => {
    const story = installing().tell(200, boots(target)).tell(300, informs(target))
    const seen: unknown[] = [outcomeOf(story)]
    for (let turn = 0; turn < times; turn += 1) {
      const at = 1_000 + turn * 1_000
      seen.push(outcomeOf(story.tell(at, boots(oldVersion))))
      story.tell(at + 500, boots(target))
      seen.push(outcomeOf(story.tell(at + 600, informs(target))))
    }
    return { story, seen }
  }

  test('bad input 37: verified, then back on the old version: regressed, and verified again after another soak', () => {
    const { seen } = flap(2)
    expect(seen).toMatchObject([
      { kind: 'verified' },
      { kind: 'regressed', toVersion: oldVersion },
      { kind: 'verified' },
      { kind: 'regressed', toVersion: oldVersion },
      { kind: 'verified' },
    ])
  })

  test('bad input 37: what is kept of it stays small, however often', () => {
    const size = (times: number) => JSON.stringify(flap(times).story.upgrade).length
    expect(size(500)).toBeLessThan(size(30) + 200)
  })

  test('bad input 37: it stands in one class at a time, and one outcome is current', () => {
    const { story } = flap(50)
    expect(Object.values(foldCounters([story.upgrade])).reduce((sum, n) => sum + n, 0)).toBe(1)
    expect(outcomeOf(story)).toMatchObject({ kind: 'verified' })
    expect(story.upgrade.attempts).toBe(1)
    expect(lastAttempt(story.upgrade)?.reports.length).toBeLessThanOrEqual(24)
  })

  test('bad input 37: too fast for any soak, it is never a success', () => {
    const story = installing()
    for (let turn = 0; turn < 40; turn += 1)
      story.tell(200 + turn * 20, boots(target)).tell(210 + turn * 20, boots(oldVersion))
    expect(classOf(story.upgrade)).toBe('hard')
    expect(outcomeOf(story)).toEqual({ kind: 'rolled_back', seenTarget: true })
  })
})
