import { expect, test } from 'vitest'

import { classOf } from './class-of.ts'
import type { FactBody } from './facts.ts'
import { retarget } from './retarget.ts'
import { answered, boots, claimed, informs, oldVersion, outcomeOf, second, target, tellStory } from './tell-story.ts'

const stone = '1.4'
const to = (version: string, steppingStone: boolean) => ({
  artifactId: `art_${version}`,
  targetVersions: [version],
  imageBytes: 7,
  hosting: 'operator' as const,
  steppingStone,
})
const claimsLeg = (version: string, steppingStone: boolean, attemptId?: string): FactBody =>
  ({ ...claimed(attemptId), release: to(version, steppingStone) }) as FactBody

test('an upgrade is judged by the target of the leg it was claimed for', () => {
  const story = tellStory().tell(0, claimsLeg(stone, true)).tell(1, answered())
  expect(story.upgrade).toMatchObject({ targetVersions: [stone], imageBytes: 7, hosting: 'operator' })
  expect(outcomeOf(story.tell(2, boots(stone)))).toBe('verifying')
})

test('the next try may be another leg: a device that moved meanwhile', () => {
  const story = tellStory().tell(0, claimsLeg(stone, true)).tell(1, answered())
  story.tell(2, {
    kind: 'transfer_completed',
    commandKey: 'fw00000000000000000000000001',
    faultCode: 9010,
    faultString: '',
  })
  story.tell(9_000, claimsLeg(target, false, second))
  expect(story.upgrade).toMatchObject({ state: 'offered', targetVersions: [target] })
  expect(story.upgrade.steppingStone).toBeUndefined()
})

test('a stepping stone that is reached counts for nothing: no gate opens on it', () => {
  const story = tellStory().tell(0, claimsLeg(stone, true)).tell(1, answered()).tell(10, boots(stone))
  story.tell(100, informs(stone))
  expect(outcomeOf(story)).toMatchObject({ kind: 'verified' })
  expect(classOf(story.upgrade)).toBe('benign')
})

test('what goes wrong on a stepping stone counts like anywhere', () => {
  const story = tellStory().tell(0, claimsLeg(stone, true)).tell(1, answered()).tell(10, boots(stone))
  story.tell(20, boots(oldVersion))
  expect(outcomeOf(story)).toEqual({ kind: 'rolled_back', seenTarget: true })
  expect(classOf(story.upgrade)).toBe('hard')
})

test('a last leg keeps no mark of a stepping stone', () => {
  const { upgrade } = tellStory()
  const there = retarget(retarget(upgrade, to(stone, true)), to(target, false))
  expect(there).toEqual({ ...upgrade, targetVersions: [target], imageBytes: 7, hosting: 'operator' })
})
