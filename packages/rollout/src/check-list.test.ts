import { describe, expect, test } from 'vitest'

import { addReading } from './check-list.ts'
import { classOf } from './class-of.ts'
import { boots, checks, informs, installing, outcomeOf, policy, reads, settings, target } from './tell-story.ts'

const passed = { wan: 'passed', voip: 'passed' } as const
const withList = (rules = policy) => installing(rules, null, { hasChecks: true })
/** Up to the contact that ends the soak. */
const soaked = (rules = policy) => withList(rules).tell(200, boots(target)).tell(260, informs(target))

describe('a model with a check list', () => {
  test('is verified once it was read after the soak, and not before', () => {
    const story = soaked()
    expect(outcomeOf(story)).toBe('verifying')
    expect(outcomeOf(story.tell(261, checks(passed)))).toEqual({ kind: 'verified', settings: 'unknown' })
  })

  test('what fails fails the upgrade by name, hard', () => {
    const story = soaked().tell(261, checks({ ...passed, voip: 'failed' }))
    expect(outcomeOf(story)).toMatchObject({ kind: 'failed', reason: 'check_failed', checks: ['voip'] })
    expect(classOf(story.upgrade)).toBe('hard')
  })

  test('what cannot be read is told of, and fails nothing', () => {
    const story = soaked().tell(261, checks({ ...passed, voip: 'unknown' }))
    expect(outcomeOf(story)).toMatchObject({ kind: 'verified', checks: 'unknown' })
    expect(story.upgrade.annotations).toContain('checks_unknown')
  })

  test('a reading from before the end of the soak says nothing', () => {
    const story = withList()
      .tell(200, boots(target))
      .tell(201, checks({ voip: 'failed' }))
      .tell(260, informs(target))
    expect(outcomeOf(story)).toBe('verifying')
    expect(outcomeOf(story.tell(261, checks(passed)))).toMatchObject({ kind: 'verified' })
  })

  test('the first reading after the soak counts: what breaks later is not the upgrade’s doing', () => {
    const story = soaked()
      .tell(261, checks(passed))
      .tell(500, checks({ voip: 'failed' }))
    expect(outcomeOf(story)).toMatchObject({ kind: 'verified' })
    expect(
      outcomeOf(
        soaked()
          .tell(500, checks(passed))
          .tell(261, checks({ voip: 'failed' })),
      ),
    ).toMatchObject({
      reason: 'check_failed',
    })
  })

  test('never read, it settles by its timer, and says so', () => {
    const story = soaked().wait(100_000)
    expect(outcomeOf(story)).toMatchObject({ kind: 'verified', checks: 'unknown' })
    expect(story.upgrade.annotations).toContain('checks_unknown')
  })

  test('read late, it still counts', () => {
    const story = soaked()
      .wait(100_000)
      .tell(300, checks({ voip: 'failed' }))
    expect(outcomeOf(story)).toMatchObject({ reason: 'check_failed' })
  })

  test('is left alone where the campaign says so', () => {
    expect(outcomeOf(soaked({ ...policy, checkAfterSoak: false }))).toMatchObject({ kind: 'verified' })
  })

  test('fails an upgrade that lost settings too', () => {
    const story = installing(policy, settings, { hasChecks: true })
      .tell(200, boots(target), reads({ ...settings, settings: { ssid: 'zz', password: 'bb' } }))
      .tell(260, informs(target))
    expect(outcomeOf(story.tell(261, checks({ voip: 'failed' })))).toMatchObject({ reason: 'check_failed' })
  })
})

test('of many readings the earliest and the latest are kept, in any order', () => {
  const times = Array.from({ length: 40 }, (_, index) => index)
  const fold = (order: number[]) =>
    order.reduce<ReturnType<typeof addReading>>((all, at) => addReading(all, at, { a: 'failed' }), [])
  expect(fold(times)).toHaveLength(8)
  expect(fold(times).at(0)?.at).toBe(0)
  expect(fold(times).at(-1)?.at).toBe(39)
  expect(fold([...times, ...times])).toHaveLength(8)
})
