import { describe, expect, test } from 'vitest'

import { classOf } from './class-of.ts'
import type { Policy } from './policy.ts'
import { wantsRestore } from './restoring.ts'
import { lastAttempt } from './step.ts'
import {
  boots,
  bootstraps,
  informs,
  installing,
  outcomeOf,
  policy,
  putBack,
  reads,
  settings,
  type Story,
  target,
} from './tell-story.ts'

const asked: Policy = { ...policy, restoreSettings: true }
const lost = { ...settings, settings: { ssid: 'zz', password: 'bb' } }
const kept = (before = settings, rules = asked) => installing(rules, before, { settingsKept: true })
const wants = ({ upgrade }: Story) => wantsRestore(lastAttempt(upgrade)!)

describe('settings that an upgrade lost, where they were kept', () => {
  test('are wanted back as soon as the loss is seen, and waited for', () => {
    const story = kept().tell(200, boots(target))
    expect(wants(story)).toBe(false)
    story.tell(201, reads(lost))
    expect(wants(story)).toBe(true)
    expect(outcomeOf(story.tell(260, informs(target)))).toBe('verifying')
  })

  test('are a success once all are put back and read back, and it says so', () => {
    const story = kept()
      .tell(200, boots(target), reads(lost))
      .tell(260, informs(target))
      .tell(261, putBack(['ssid']))
    expect(outcomeOf(story)).toBe('verifying')
    expect(wants(story)).toBe(false)
    story.tell(262, reads(settings))
    expect(outcomeOf(story)).toEqual({ kind: 'verified', settings: 'restored' })
    expect(classOf(story.upgrade)).toBe('success')
    expect(story.upgrade.annotations).toContain('restored')
  })

  test('after a factory reset too, once the operator’s marks are back', () => {
    const gone = { settings: { ssid: 'zz', password: 'yy' }, sentinels: { mark: null }, wanUp: null }
    const story = kept()
      .tell(200, bootstraps(target), reads(gone))
      .tell(261, putBack(['ssid', 'password']))
    expect(outcomeOf(story.tell(262, informs(target), reads({ ...settings, sentinels: { mark: null } })))).toBe(
      'verifying',
    )
    expect(outcomeOf(story.tell(300, informs(target), reads(settings)))).toMatchObject({ settings: 'restored' })
  })

  test('of which the device refused some are a loss, put back in part', () => {
    const both = { ...settings, settings: { ssid: 'zz', password: 'yy' } }
    const story = kept().tell(200, boots(target), reads(both)).tell(260, informs(target))
    story
      .tell(261, putBack(['ssid'], 'password'))
      .tell(262, reads({ ...settings, settings: { ssid: 'aa', password: 'yy' } }))
    expect(outcomeOf(story)).toMatchObject({ kind: 'verified_config_lost', restored: ['ssid'] })
    expect(classOf(story.upgrade)).toBe('config_lost')
    expect(story.upgrade.annotations).toContain('restored_in_part')
  })

  test('beside one that could never be read are a loss: it may be gone as well', () => {
    const hidden = { ...settings, settings: { ssid: 'aa', password: null } }
    const story = kept(hidden)
      .tell(200, boots(target), reads({ ...hidden, settings: { ssid: 'zz', password: null } }))
      .tell(260, informs(target), putBack(['ssid']))
      .tell(261, reads(hidden))
    expect(outcomeOf(story)).toMatchObject({ kind: 'verified_config_lost', restored: ['ssid'] })
  })

  test('that the device took and did not keep are a loss', () => {
    const story = kept()
      .tell(200, boots(target), reads(lost))
      .tell(260, informs(target), putBack(['ssid']))
    expect(outcomeOf(story.tell(261, reads(lost)))).toMatchObject({ kind: 'verified_config_lost', changed: ['ssid'] })
  })

  test('that the subscriber typed in again before us are a loss, as ever', () => {
    const story = kept().tell(200, boots(target), reads(lost)).tell(260, informs(target), putBack([]))
    expect(outcomeOf(story.tell(261, reads(settings)))).toEqual({
      kind: 'verified_config_lost',
      changed: ['ssid'],
      bootstrap: false,
    })
  })

  test('that nobody puts back settle by their timer', () => {
    const story = kept().tell(200, boots(target), reads(lost)).tell(260, informs(target)).wait(100_000)
    expect(outcomeOf(story)).toMatchObject({ kind: 'verified_config_lost', changed: ['ssid'] })
  })

  test('are left as they are where the campaign did not ask, or none were kept', () => {
    for (const story of [kept(settings, policy), installing(asked, settings)]) {
      story.tell(200, boots(target), reads(lost)).tell(260, informs(target))
      expect(outcomeOf(story)).toMatchObject({ kind: 'verified_config_lost' })
    }
  })

  test('put back twice are put back once', () => {
    const story = kept().tell(200, boots(target), reads(lost)).tell(260, informs(target))
    story.tell(261, putBack(['ssid']), putBack([], 'ssid')).tell(262, reads(settings))
    expect(outcomeOf(story)).toMatchObject({ settings: 'restored' })
  })
})
