import { describe, expect, test } from 'vitest'

import { classOf } from './class-of.ts'
import {
  answered,
  bootstraps,
  boots,
  cancelAnswered,
  claimed,
  completed,
  fileServerRefused,
  first,
  firstByte,
  informs,
  installing,
  lastByte,
  oldVersion,
  outcomeOf,
  policy,
  reads,
  refused,
  second,
  settings,
  target,
  tellStory,
  unanswered,
} from './tell-story.ts'

describe('the reported version is the evidence', () => {
  test('the target version, a soak and one more contact make it verified', () => {
    const story = installing().tell(200, boots(target), completed())
    expect(outcomeOf(story)).toBe('verifying')
    expect(outcomeOf(story.tell(259, informs(target)))).toBe('verifying')
    expect(outcomeOf(story.tell(260, informs(target)))).toEqual({ kind: 'verified', settings: 'unknown' })
  })

  test('the end of the soak alone proves nothing without a contact after it', () => {
    const story = installing().tell(200, boots(target)).wait(100_000)
    expect(outcomeOf(story)).toEqual({ kind: 'timed_out', stage: 'verifying', contact: 'silent' })
  })

  test('bad input 35; request 19: TransferComplete 0 on the old version is not success', () => {
    const story = installing().tell(200, informs(oldVersion), completed())
    expect(outcomeOf(story)).toBe('returning')
    expect(outcomeOf(story.wait(10_000))).toEqual({ kind: 'timed_out', stage: 'returning', contact: 'silent' })
  })

  test('a fault with the new version is success, annotated', () => {
    const story = installing().tell(200, boots(target), completed(9010)).tell(300, informs(target))
    expect(outcomeOf(story)).toMatchObject({ kind: 'verified' })
    expect(story.upgrade.annotations).toContain('success_despite_fault')
  })

  test('no TransferComplete with the new version counts, annotated', () => {
    const story = installing().tell(200, boots(target)).tell(300, informs(target))
    expect(outcomeOf(story)).toMatchObject({ kind: 'verified' })
    expect(story.upgrade.annotations).toContain('no_transfer_complete')
  })

  test('any of the exact strings an artifact reports is the target, and nothing like them', () => {
    const plan = { targetVersions: ['2.0', '2.0-r1'] }
    expect(tellStory(policy, plan).tell(0, claimed()).tell(9, informs('2.0-r1')).upgrade.state).toBe('verifying')
    expect(outcomeOf(tellStory(policy, plan).tell(0, claimed()).tell(9, informs('2.0-r2')))).toMatchObject({
      reason: 'unexpected_version',
    })
  })

  test('a re-flash of the same version needs TransferComplete 0 and a boot', () => {
    const reflash = () =>
      tellStory({ ...policy, allowSameVersion: true })
        .tell(0, claimed(first, null, target))
        .tell(1, answered())
    expect(reflash().tell(50, informs(target)).upgrade.state).toBe('accepted')
    expect(reflash().tell(50, completed()).upgrade.state).toBe('returning')
    expect(reflash().tell(50, boots(target)).upgrade.state).toBe('accepted')
    const story = reflash().tell(50, boots(target), completed())
    expect(story.upgrade.state).toBe('verifying')
    expect(outcomeOf(story.tell(200, informs(target)))).toMatchObject({ kind: 'verified' })
  })

  test('what was said before the offer is not evidence', () => {
    const story = tellStory().tell(100, claimed())
    expect(story.tell(39, boots(target)).ignored).toBe('before_the_offer')
    expect(story.tell(99, boots(oldVersion)).ignored).toBe('before_the_offer')
    expect(story.tell(99, completed(9018, '')).ignored).toBe('before_the_offer')
    expect(story.upgrade.state).toBe('offered')
  })
})

describe('TransferComplete finds its attempt', () => {
  test('a duplicate changes nothing', () => {
    const story = installing().tell(200, completed())
    const { version } = story.upgrade
    story.tell(200, completed()).tell(230, completed())
    expect(story.ignored).toBe('no_news')
    expect(story.upgrade.version).toBe(version)
  })

  test('an empty or foreign key is matched to the open attempt and annotated', () => {
    for (const key of ['', 'somebody']) {
      const story = installing().tell(200, completed(9018, key))
      expect(outcomeOf(story)).toMatchObject({ kind: 'failed', reason: 'image_rejected' })
      expect(story.upgrade.annotations).toContain('command_key_unknown')
    }
  })

  test('the key of another attempt is not this attempt', () => {
    const story = installing().tell(200, completed(9018, second))
    expect(story.ignored).toBe('other_attempt')
    expect(story.upgrade.state).toBe('returning')
  })
})

test('what belongs to another attempt is not evidence for this one', () => {
  const story = tellStory().tell(0, claimed(first))
  for (const fact of [answered(1, second), refused(9000, second), firstByte(second), lastByte(second)]) {
    expect(story.tell(5, fact).ignored).toBe('other_attempt')
    expect(story.upgrade.state).toBe('offered')
  }
})

describe('6.a the device rejects the image', () => {
  test('request 22: a fault, no boot, the old version: image_rejected with the fault, a hard failure', () => {
    const story = installing().tell(120, informs(oldVersion), completed(9018))
    expect(outcomeOf(story)).toEqual({ kind: 'failed', reason: 'image_rejected', faultCode: 9018, faultString: 'no' })
    expect(classOf(story.upgrade)).toBe('hard')
  })

  test('a fault after a boot is a failed install', () => {
    const story = installing().tell(120, boots(oldVersion), completed(9018))
    expect(outcomeOf(story)).toMatchObject({ reason: 'install_failed' })
  })

  test('a download that never arrived is not the image refused', () => {
    const once = { ...policy, retries: { ...policy.retries, maxAttempts: 1 } }
    const story = tellStory(once).tell(0, claimed()).tell(1, answered()).tell(9, completed(9015))
    expect(outcomeOf(story)).toMatchObject({ reason: 'download_failed', faultCode: 9015 })
  })
})

describe('8.a the device rolls back', () => {
  test('served whole, a boot on the old version, still old after the grace time and one more Inform: rolled back', () => {
    const story = installing().tell(200, boots(oldVersion))
    expect(outcomeOf(story)).toBe('returning')
    expect(outcomeOf(story.tell(249, informs(oldVersion)))).toBe('returning')
    expect(outcomeOf(story.tell(250, informs(oldVersion)))).toEqual({ kind: 'rolled_back', seenTarget: false })
    expect(classOf(story.upgrade)).toBe('hard')
  })

  test('the grace time alone proves nothing without one more Inform', () => {
    const story = installing().tell(200, boots(oldVersion)).wait(10_000)
    expect(outcomeOf(story)).toEqual({ kind: 'timed_out', stage: 'returning', contact: 'stalled' })
  })

  test('a boot before the whole image was served is a power cut, not a rollback', () => {
    const story = tellStory()
      .tell(0, claimed())
      .tell(1, answered())
      .tell(10, firstByte())
      .tell(20, boots(oldVersion))
      .tell(100, informs(oldVersion))
    expect(outcomeOf(story)).toBe('transferring')
    expect(outcomeOf(story.tell(110, lastByte()).tell(200, informs(oldVersion)))).toBe('returning')
  })

  test('TransferComplete 0 stands for the whole image', () => {
    const story = tellStory()
      .tell(0, claimed())
      .tell(1, answered())
      .tell(100, boots(oldVersion), completed())
      .tell(150, informs(oldVersion))
    expect(outcomeOf(story)).toEqual({ kind: 'rolled_back', seenTarget: false })
  })

  test('on a server that tells us no bytes, a boot after the answer stands for the whole image', () => {
    const life = (hosting: 'ours' | 'operator') =>
      outcomeOf(
        tellStory(policy, { hosting })
          .tell(0, claimed())
          .tell(1, answered())
          .tell(100, boots(oldVersion))
          .tell(150, informs(oldVersion)),
      )
    expect(life('operator')).toEqual({ kind: 'rolled_back', seenTarget: false })
    expect(life('ours')).toBe('accepted')
  })

  test('a transfer fault is not a rollback', () => {
    const story = installing().tell(200, boots(oldVersion), completed(9018)).tell(300, informs(oldVersion))
    expect(outcomeOf(story)).toMatchObject({ kind: 'failed' })
  })

  test('bad input 36: the new version and then the old one: rolled back at once', () => {
    const story = installing().tell(200, boots(target)).tell(210, boots(oldVersion))
    expect(outcomeOf(story)).toEqual({ kind: 'rolled_back', seenTarget: true })
  })

  test('bad input 36: a third version: failed, and an alarm', () => {
    const story = installing().tell(200, boots('7.7'))
    expect(outcomeOf(story)).toMatchObject({ kind: 'failed', reason: 'unexpected_version' })
    expect(story.effects).toContainEqual({ kind: 'alarm', code: 'unexpected_version', aboveShareOfWave: null })
  })
})

describe('10.a settings are lost', () => {
  test('the same settings and sentinels: verified, preserved', () => {
    const story = installing(policy, settings).tell(200, boots(target), reads(settings)).tell(300, informs(target))
    expect(outcomeOf(story)).toEqual({ kind: 'verified', settings: 'preserved' })
  })

  test('a setting that differs: verified with config lost, naming it', () => {
    const after = { ...settings, settings: { ssid: 'zz', password: 'bb' } }
    const story = installing(policy, settings).tell(200, boots(target), reads(after)).tell(300, informs(target))
    expect(outcomeOf(story)).toEqual({ kind: 'verified_config_lost', changed: ['ssid'], bootstrap: false })
    expect(classOf(story.upgrade)).toBe('config_lost')
  })

  test('settings the subscriber typed in again later do not undo the loss', () => {
    const after = { ...settings, settings: { ssid: 'zz', password: 'bb' } }
    const story = installing(policy, settings)
      .tell(200, boots(target), reads(after))
      .tell(300, reads(settings), informs(target))
    expect(outcomeOf(story)).toMatchObject({ kind: 'verified_config_lost' })
  })

  test('an empty reading is unknown, never preserved', () => {
    const hidden = { ...settings, settings: { ssid: 'aa', password: null } }
    const story = installing(policy, settings).tell(200, boots(target), reads(hidden)).tell(300, informs(target))
    expect(outcomeOf(story)).toEqual({ kind: 'verified', settings: 'unknown' })
    const unknownBefore = installing(policy, hidden)
      .tell(200, boots(target), reads(settings))
      .tell(300, informs(target))
    expect(outcomeOf(unknownBefore)).toEqual({ kind: 'verified', settings: 'unknown' })
  })

  test('a device whose settings were known is not verified before they were read', () => {
    const story = installing(policy, settings).tell(200, boots(target)).tell(300, informs(target))
    expect(outcomeOf(story)).toBe('verifying')
    expect(outcomeOf(story.wait(10_000))).toEqual({ kind: 'verified', settings: 'unknown' })
  })

  test('BOOTSTRAP and sentinels that come back: verified with config lost', () => {
    const gone = { settings: {}, sentinels: { mark: null }, wanUp: null }
    const story = installing(policy, settings).tell(200, bootstraps(target), reads(gone)).tell(300, informs(target))
    expect(outcomeOf(story)).toBe('verifying')
    expect(outcomeOf(story.tell(320, reads(settings)))).toEqual({
      kind: 'verified_config_lost',
      changed: [],
      bootstrap: true,
    })
  })

  test('sentinels that do not come back in time: not provisioned', () => {
    const gone = { settings: {}, sentinels: { mark: null }, wanUp: null }
    const story = installing(policy, settings)
      .tell(200, bootstraps(target), reads(gone))
      .tell(300, informs(target))
      .wait(699)
    expect(outcomeOf(story)).toBe('verifying')
    expect(outcomeOf(story.wait(700))).toMatchObject({ kind: 'failed', reason: 'not_provisioned' })
    expect(classOf(story.upgrade)).toBe('hard')
  })

  test('sentinels that come back late reopen not_provisioned', () => {
    const gone = { settings: {}, sentinels: { mark: null }, wanUp: null }
    const story = installing(policy, settings)
      .tell(200, bootstraps(target), reads(gone))
      .tell(300, informs(target))
      .wait(700)
    expect(outcomeOf(story.tell(5000, reads(settings)))).toMatchObject({
      kind: 'verified_config_lost',
      bootstrap: true,
    })
  })

  test('a line that was up and is down is not provisioned', () => {
    const story = installing(policy, settings)
      .tell(200, boots(target), reads({ ...settings, wanUp: false }))
      .tell(300, informs(target))
      .wait(700)
    expect(outcomeOf(story)).toMatchObject({ reason: 'not_provisioned' })
  })

  test('a factory reset after the proof is not the upgrade’s doing', () => {
    const story = installing(policy, settings)
      .tell(200, boots(target), reads(settings))
      .tell(300, informs(target))
      .tell(5000, bootstraps(target))
    expect(outcomeOf(story)).toEqual({ kind: 'verified', settings: 'preserved' })
  })
})

describe('clocks that are a little apart', () => {
  const late = () => tellStory().tell(100, claimed())

  test('what carries the key of the try, or another version, comes after its offer', () => {
    expect(outcomeOf(late().tell(95, answered()).tell(96, completed(9018)))).toMatchObject({ reason: 'image_rejected' })
    expect(outcomeOf(late().tell(95, boots(target)))).toBe('verifying')
    expect(outcomeOf(late().tell(95, lastByte()))).toBe('returning')
    expect(late().tell(95, lastByte()).upgrade.dueAt).toBe(late().tell(100, lastByte()).upgrade.dueAt)
    const named = informs(oldVersion, 'M Download')
    if (named.kind === 'informed') named.events[0]!.commandKey = first
    expect(late().tell(95, named).ignored).toBeUndefined()
  })

  test('a file server ahead does not hide a rollback', () => {
    const story = tellStory()
      .tell(0, claimed())
      .tell(1, answered())
      .tell(150, lastByte())
      .tell(100, boots(oldVersion))
      .tell(199, informs(oldVersion))
    expect(outcomeOf(story)).toBe('returning')
    expect(outcomeOf(story.tell(200, informs(oldVersion)))).toEqual({ kind: 'rolled_back', seenTarget: false })
  })

  test('request 19: the boot that we claimed after is not the way back, though its gateway is ahead', () => {
    const story = tellStory()
      .tell(0, claimed())
      .tell(5, boots(oldVersion))
      .tell(6, answered())
      .tell(20, lastByte())
      .tell(100, informs(oldVersion))
    expect(outcomeOf(story)).toBe('returning')
    expect(outcomeOf(story.tell(110, completed(9018)))).toMatchObject({ reason: 'image_rejected' })
  })

  test('success is never said of a boot that seems to be before the last byte', () => {
    const story = tellStory({ ...policy, allowSameVersion: true })
      .tell(0, claimed(first, null, target))
      .tell(1, answered())
      .tell(50, boots(target), completed())
      .tell(55, lastByte())
    expect(outcomeOf(story)).toBe('returning')
  })

  test('a cancel answered by a gateway that is behind is answered', () => {
    const story = late().tell(101, answered()).tell(150, { kind: 'cancel_requested' }).tell(140, cancelAnswered(0))
    expect(outcomeOf(story)).toMatchObject({ kind: 'cancelled' })
  })
})

describe('a lost answer', () => {
  const doubt = () => tellStory().tell(0, claimed()).tell(5, unanswered)

  test('nothing is resent: the queue is asked', () => {
    const story = doubt()
    expect(outcomeOf(story)).toBe('in_doubt')
    expect(story.effects).toContainEqual({ kind: 'place_check', attemptId: first })
    expect(story.tell(6, claimed(second)).ignored).toBe('already_offered')
  })

  test('the answer timer leads to doubt, never to a retry', () => {
    expect(outcomeOf(tellStory().tell(0, claimed()).wait(30))).toBe('in_doubt')
  })

  test('listed: accepted', () => {
    expect(
      outcomeOf(doubt().tell(60, { kind: 'queued_transfers_listed', askedFor: first, attemptIds: ['x', first] })),
    ).toBe('accepted')
  })

  test('absent, on the old version, no bytes asked for: retry', () => {
    expect(outcomeOf(doubt().tell(60, { kind: 'queued_transfers_listed', askedFor: first, attemptIds: [] }))).toBe(
      'retry',
    )
  })

  test('the list may arrive before it is known that the answer was lost', () => {
    const offered = () => tellStory().tell(0, claimed())
    const lists = (...attemptIds: string[]) =>
      ({ kind: 'queued_transfers_listed', askedFor: first, attemptIds }) as const
    expect(outcomeOf(offered().tell(60, lists()).tell(5, unanswered))).toBe('retry')
    expect(outcomeOf(offered().tell(60, lists(first)))).toBe('accepted')
    expect(outcomeOf(offered().tell(60, lists(first)).tell(5, unanswered).tell(70, lists()))).toBe('accepted')
  })

  test('a list that was asked for the sake of another attempt proves presence, never absence', () => {
    const asked = (...attemptIds: string[]) =>
      ({ kind: 'queued_transfers_listed', askedFor: second, attemptIds }) as const
    expect(outcomeOf(doubt().tell(60, asked()))).toBe('in_doubt')
    expect(outcomeOf(doubt().tell(60, asked(first)))).toBe('accepted')
  })

  test('a list from before the offer does not say that the transfer is lost', () => {
    const story = tellStory()
      .tell(10, claimed())
      .tell(9, { kind: 'queued_transfers_listed', askedFor: first, attemptIds: [] })
    expect(story.ignored).toBe('before_the_offer')
    expect(outcomeOf(story.tell(15, unanswered))).toBe('in_doubt')
  })

  test('absent after bytes were asked for: no retry', () => {
    expect(
      outcomeOf(
        doubt().tell(50, firstByte()).tell(60, { kind: 'queued_transfers_listed', askedFor: first, attemptIds: [] }),
      ),
    ).toBe('transferring')
  })

  test('a report with the key or the target version settles the doubt', () => {
    expect(outcomeOf(doubt().tell(60, completed()))).toBe('returning')
    expect(outcomeOf(doubt().tell(60, informs(target)))).toBe('verifying')
  })

  test('a device that cannot list its queue is left to the accepted timer', () => {
    const story = doubt().tell(60, informs(oldVersion), { kind: 'queued_transfers_unsupported' })
    expect(outcomeOf(story.wait(699))).toBe('in_doubt')
    expect(outcomeOf(story.wait(700))).toEqual({ kind: 'timed_out', stage: 'in_doubt', contact: 'stalled' })
  })
})

describe('cancel', () => {
  const accepted = () => tellStory().tell(0, claimed()).tell(1, answered())

  test('request 13: before the offer it is cancelled at once', () => {
    expect(outcomeOf(tellStory().tell(0, { kind: 'cancel_requested' }))).toEqual({
      kind: 'cancelled',
      reason: 'requested',
    })
  })

  test('rule 15; request 12: after the offer the device is asked, and ok cancels', () => {
    const story = accepted().tell(5, { kind: 'cancel_requested' })
    expect(outcomeOf(story)).toBe('cancelling')
    expect(story.effects).toContainEqual({ kind: 'place_cancel', attemptId: first })
    expect(outcomeOf(story.tell(9, cancelAnswered(0)))).toEqual({ kind: 'cancelled', reason: 'requested' })
  })

  test('rule 15; request 12: 9000 and 9021 mean it runs on where it was', () => {
    for (const code of [9000, 9021]) {
      const story = accepted().tell(5, { kind: 'cancel_requested' }).tell(9, cancelAnswered(code))
      expect(outcomeOf(story)).toBe('accepted')
      expect(story.upgrade.annotations).toContain('cancel_refused')
    }
  })

  test('what happens while the cancel waits still counts', () => {
    const cancelling = () => accepted().tell(5, { kind: 'cancel_requested' })
    expect(outcomeOf(cancelling().tell(50, boots(target)))).toBe('verifying')
    expect(outcomeOf(cancelling().tell(50, completed(9018)))).toMatchObject({ reason: 'image_rejected' })
    expect(outcomeOf(cancelling().tell(50, completed(9017)))).toMatchObject({ kind: 'cancelled' })
  })

  test('a device that installs what was cancelled is seen', () => {
    const story = accepted().tell(5, { kind: 'cancel_requested' }).tell(9, cancelAnswered(0)).tell(90, boots(target))
    expect(outcomeOf(story)).toBe('verifying')
    expect(outcomeOf(story.tell(200, informs(target)))).toMatchObject({ kind: 'verified' })
  })

  test('a device that vanished while cancelling is silent, not cancelled', () => {
    const story = accepted().tell(5, { kind: 'cancel_requested' }).wait(10_000)
    expect(outcomeOf(story)).toMatchObject({ kind: 'timed_out', contact: 'silent' })
  })

  test('request 12: once the device is installing it is not asked, and the upgrade ends as it ends', () => {
    const story = installing().tell(120, { kind: 'cancel_requested' })
    expect(outcomeOf(story)).toBe('returning')
    expect(story.effects).not.toContainEqual({ kind: 'place_cancel', attemptId: first })
    story.tell(200, boots(target)).tell(300, informs(target))
    expect(outcomeOf(story)).toMatchObject({ kind: 'verified' })
  })

  test('a try that fails after a cancel was wished for is cancelled, never tried again', () => {
    for (const wish of ['cancel_requested', 'artifact_revoked'] as const) {
      const reason = wish === 'cancel_requested' ? 'requested' : 'artifact_revoked'
      const stories = [
        installing().tell(120, { kind: wish }, completed(9002)),
        accepted().tell(5, { kind: wish }).tell(9, cancelAnswered(9021)).tell(50, completed(9017)),
        installing()
          .tell(120, boots(target), { kind: wish })
          .tell(100, completed(9010))
          .tell(110, completed(9002))
          .tell(121, boots(oldVersion)),
        tellStory()
          .tell(0, claimed())
          .tell(5, unanswered, { kind: wish })
          .tell(9, cancelAnswered(9021))
          .tell(60, { kind: 'queued_transfers_listed', askedFor: first, attemptIds: [] }),
        accepted().tell(5, fileServerRefused('stopped'), { kind: wish }).tell(9, completed(9018)),
        accepted().tell(9, completed(9017), { kind: wish }),
      ]
      expect(stories.map(outcomeOf)).toEqual([
        { kind: 'cancelled', reason },
        { kind: 'cancelled', reason },
        { kind: 'rolled_back', seenTarget: true },
        { kind: 'cancelled', reason },
        { kind: 'cancelled', reason },
        { kind: 'cancelled', reason },
      ])
    }
  })

  test('request 12: a cancel that was refused, and then nothing: cancelled where the device is in touch, never where it is not', () => {
    const refusedIt = () => accepted().tell(5, { kind: 'cancel_requested' }).tell(9, cancelAnswered(9021))
    expect(outcomeOf(refusedIt().tell(50, informs(oldVersion)).wait(10_000))).toMatchObject({ kind: 'cancelled' })
    expect(outcomeOf(refusedIt().wait(10_000))).toMatchObject({ kind: 'timed_out', contact: 'silent' })
    const installed = installing().tell(120, { kind: 'cancel_requested' }).tell(400, informs(oldVersion))
    expect(outcomeOf(installed.wait(10_000))).toMatchObject({ kind: 'timed_out', contact: 'stalled' })
  })

  test('a revoked artifact cancels what is under way, with its reason', () => {
    const story = accepted().tell(5, { kind: 'artifact_revoked' })
    expect(outcomeOf(story)).toBe('cancelling')
    expect(outcomeOf(story.tell(9, cancelAnswered(0)))).toEqual({ kind: 'cancelled', reason: 'artifact_revoked' })
  })

  test('faults after our own 503 are not charged', () => {
    const story = accepted().tell(5, fileServerRefused('stopped')).tell(9, completed(9017))
    expect(story.upgrade.state).toBe('retry')
    expect(story.upgrade.tries).toMatchObject([{ charged: false }])
  })
})

describe('late facts', () => {
  test('request 12: the target version reopens any outcome after an offer', () => {
    const story = installing().wait(10_000)
    expect(outcomeOf(story)).toMatchObject({ kind: 'timed_out' })
    story.tell(20_000, boots(target))
    expect(story.upgrade).toMatchObject({ state: 'verifying', late: true })
    expect(outcomeOf(story.tell(20_100, informs(target)))).toMatchObject({ kind: 'verified' })
    expect(story.upgrade.annotations).toContain('reported_late')
  })

  test('bad input 37: the old version after verified is regressed, and an alarm', () => {
    const story = installing().tell(200, boots(target)).tell(300, informs(target)).tell(900, boots(oldVersion))
    expect(outcomeOf(story)).toEqual({ kind: 'regressed', toVersion: oldVersion })
    expect(classOf(story.upgrade)).toBe('hard')
    expect(story.effects).toContainEqual({ kind: 'alarm', code: 'regressed', aboveShareOfWave: null })
  })

  test('a silent device that comes back on the old version is stalled', () => {
    const story = installing().wait(10_000).tell(20_000, informs(oldVersion))
    expect(outcomeOf(story)).toEqual({ kind: 'timed_out', stage: 'returning', contact: 'stalled' })
  })

  test('request 22: a late fault turns a time-out into its failure', () => {
    const story = installing().wait(10_000).tell(20_000, completed(9018))
    expect(outcomeOf(story)).toMatchObject({ reason: 'image_rejected' })
  })

  test('the target version during backoff ends the retry', () => {
    const story = installing().tell(120, completed(9010)).tell(130, boots(target))
    expect(story.upgrade).toMatchObject({ state: 'verifying', late: true })
  })

  test('after the final time nothing counts any more', () => {
    const story = installing().wait(200_000)
    expect(story.upgrade).toMatchObject({ state: 'settled', final: true, dueAt: null })
    expect(story.tell(200_001, boots(target)).ignored).toBe('final')
  })

  test('a later campaign that takes the device over makes the outcome final', () => {
    const story = installing()
      .tell(200, boots(target))
      .tell(300, informs(target))
      .tell(400, { kind: 'withdrawn', reason: 'superseded', detail: 'cmp_2' })
    expect(story.tell(500, boots('3.0')).ignored).toBe('final')
    expect(outcomeOf(story)).toMatchObject({ kind: 'verified' })
  })
})

describe('before the offer', () => {
  test('an upgrade not yet offered can be withdrawn, one under way cannot', () => {
    for (const reason of ['cancelled', 'superseded', 'skipped'] as const) {
      const story = tellStory().tell(0, { kind: 'withdrawn', reason, detail: 'why' })
      expect(outcomeOf(story)).toEqual({ kind: reason, reason: 'why' })
      expect(classOf(story.upgrade)).toBe('benign')
      expect(installing().tell(120, { kind: 'withdrawn', reason, detail: '' }).ignored).toBe('already_offered')
    }
  })

  test('a device that is only planned says nothing to us', () => {
    expect(tellStory().tell(0, boots(target)).ignored).toBe('not_offered')
  })

  test('a claim delivered twice opens one attempt, also after that attempt was closed', () => {
    const story = tellStory().tell(0, claimed()).tell(0, claimed())
    expect(story.upgrade.attempts).toBe(1)
    story.tell(5, refused(9003)).tell(6, claimed())
    expect(story.upgrade).toMatchObject({ state: 'retry', attempts: 1 })
    story.tell(7, claimed(second)).tell(8, claimed(first))
    expect(story.upgrade).toMatchObject({ state: 'offered', attempts: 2 })
  })
})

test('Status 0 on the old version waits for the device to return', () => {
  expect(outcomeOf(tellStory().tell(0, claimed()).tell(1, answered(0)))).toBe('returning')
})

test('rule 12; request 14, 15: 9020 where the subscriber is asked means declined', () => {
  const story = tellStory({ ...policy, confirmation: true })
    .tell(0, claimed())
    .tell(1, answered())
    .tell(9, completed(9020))
  expect(outcomeOf(story)).toEqual({ kind: 'declined' })
  expect(classOf(story.upgrade)).toBe('benign')
})
