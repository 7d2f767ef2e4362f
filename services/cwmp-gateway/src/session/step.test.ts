import type { ObservedFact } from '@sluice/contracts'
import type { CpeResponse } from '@sluice/cwmp'
import type { HotRecord } from '@sluice/hot-store'
import { deviceProfile } from '@sluice/model-profiles'
import { expect, test } from 'vitest'
import { attemptId, go, hint, TARGET, upgradeId, watchOf } from '../testing/upgrade-parts.ts'
import { blankRecord as nobody, informedSession as informed, taskOf } from '../testing/step-parts.ts'
import { MAX_CALLS, type Session } from './session.ts'
import { type Heard, type Step, step, type World } from './step.ts'

const NOW = Date.parse('2026-11-20T12:00:00.000Z')
const hinted: HotRecord = { ...nobody, tasks: [taskOf(hint('dev'))] }
const profile = {
  ...deviceProfile,
  settings: ['S.1', 'S.2'],
  sentinels: ['P.1'],
  wanStatus: { path: 'W', upValues: ['Up'] },
}
const world = (record: HotRecord, more: Partial<World> = {}): World => ({
  now: NOW,
  record,
  profile,
  digest: (name, value) => (value === '' ? null : `digest of ${name}=${value}`),
  keeping: null,
  ended: false,
  ...more,
})

const empty: Heard = { kind: 'empty' }
const hear = (message: Extract<Heard, { kind: 'message' }>['message']): Heard => ({ kind: 'message', message, id: '7' })
const values = (given: Record<string, string>): CpeResponse => ({
  kind: 'get_parameter_values_response',
  parameters: Object.entries(given).map(([name, value]) => ({ name, value, type: null })),
})
const claimed = (reply = go()): Heard => {
  if (!reply.ok) return { kind: 'told', answer: { kind: 'unclaimed' } }
  return { kind: 'told', answer: { kind: 'claimed', answer: reply.data } }
}
const fault = (code: number): Heard => hear({ kind: 'fault', code, text: 'no', parameterFaults: [] })
const downloadResponse = hear({ kind: 'download_response', status: 1, startTime: null, completeTime: null })
const transferComplete = hear({
  kind: 'transfer_complete',
  commandKey: attemptId(1),
  faultCode: 9010,
  faultString: 'x',
  startTime: null,
  completeTime: null,
})

/** Steps through what was heard; the record follows what is saved. */
function play(session: Session, record: HotRecord, heard: readonly Heard[]): Step {
  let now: Step = { session, record, facts: [], reports: [], changes: [], say: { kind: 'nothing', ended: false } }
  for (const each of heard) {
    const ended = now.say.kind === 'nothing' && now.say.ended
    const next = step(now.session, each, world(now.record, { ended }))
    now = {
      ...next,
      facts: [...now.facts, ...next.facts],
      reports: [...now.reports, ...next.reports],
      changes: [...now.changes, ...next.changes],
    }
  }
  return now
}
const upToClaim = [empty, hear(values({ 'S.1': 'a', 'S.2': '', W: 'Up' }))]
const upToDownload = [...upToClaim, claimed()]
const kinds = (facts: readonly ObservedFact[]) => facts.map(({ kind }) => kind)

test('a device without work is told that there is nothing', () => {
  expect(play(informed, nobody, [empty]).say).toEqual({ kind: 'nothing', ended: true })
})

test('a hint is claimed with the snapshot, in which what cannot be read is unknown', () => {
  expect(play(informed, hinted, upToClaim).say).toMatchObject({
    kind: 'ask',
    question: {
      kind: 'upgrade_claim',
      input: {
        upgradeId: upgradeId(1),
        softwareVersion: '1.0',
        snapshot: { settings: { 'S.1': 'digest of S.1=a', 'S.2': null }, sentinels: { 'P.1': null }, wanUp: true },
      },
    },
  })
})

test('no value of a parameter stays in the session', () => {
  const { session, changes, facts } = play(informed, hinted, [empty, hear(values({ 'S.1': 'top-secret' }))])
  expect(JSON.stringify(session).replaceAll('digest of S.1=top-secret', '')).not.toContain('top-secret')
  expect(JSON.stringify([changes, facts])).not.toContain('top-secret')
})

test('neither URL nor password of a Download stays in the session or on the record', () => {
  const { session, record } = play(informed, hinted, upToDownload)
  expect(JSON.stringify([session, record])).not.toMatch(/download-password|192\.0\.2\.9/)
})

test('with Download go the offer, the watch and the end of the hint', () => {
  const { say, changes, record } = play(informed, hinted, upToDownload)
  expect(say).toMatchObject({ kind: 'call', call: { kind: 'download', commandKey: attemptId(1) } })
  expect(changes.map(({ op }) => op)).toEqual(['put_offer', 'put_watch', 'drop_task'])
  expect(record).toMatchObject({ offer: { attemptId: attemptId(1), answered: false }, tasks: [] })
})

test('a claim that answers an attempt which was offered before sends no Download', () => {
  const record = { ...hinted, offer: { attemptId: attemptId(1), answered: true } }
  expect(play(informed, record, upToDownload).say).toEqual({ kind: 'nothing', ended: true })
})

test.each<[string, Heard, readonly ObservedFact[]]>([
  ['Status 1', downloadResponse, [{ kind: 'download_answered', attemptId: attemptId(1), status: 1 }]],
  ['a fault', fault(9003), [{ kind: 'download_faulted', attemptId: attemptId(1), faultCode: 9003, faultString: 'no' }]],
])('%s in answer to Download is a fact, and the offer is answered', (_, answer, facts) => {
  const done = play(informed, hinted, [...upToDownload, answer])
  expect(done.facts).toEqual(facts)
  expect(done.record.offer).toEqual({ attemptId: attemptId(1), answered: true })
  expect(done.say).toEqual({ kind: 'nothing', ended: true })
})

test('an empty POST where the answer to Download is due sends nothing again, and the answer still counts', () => {
  const waiting = play(informed, hinted, [...upToDownload, empty, empty])
  expect(waiting.say).toEqual({ kind: 'nothing', ended: false })
  expect(kinds(play(waiting.session, waiting.record, [downloadResponse]).facts)).toEqual(['download_answered'])
})

test('an empty POST where another answer is due repeats the request once, then goes on without', () => {
  const asked = play(informed, hinted, [empty])
  const again = play(informed, hinted, [empty, empty])
  expect(again.say).toEqual(asked.say)
  expect(play(informed, hinted, [empty, empty, empty]).say.kind).toBe('ask')
})

test('a new session of a device that owes the answer to a Download reports it unanswered once, and asks what it holds', () => {
  const record = { ...nobody, offer: { attemptId: attemptId(3), answered: false } }
  const asked = play(informed, record, [empty])
  expect(asked.facts).toEqual([{ kind: 'download_unanswered', attemptId: attemptId(3) }])
  expect(asked.say).toMatchObject({ call: { kind: 'get_all_queued_transfers' } })
  const transfer = { state: 1, isDownload: true, fileType: '1', fileSize: 1, targetFileName: '' }
  const transfers = [attemptId(3), 'other', ''].map((commandKey) => ({ ...transfer, commandKey }))
  const done = play(asked.session, asked.record, [hear({ kind: 'get_all_queued_transfers_response', transfers })])
  expect(done.facts).toEqual([{ kind: 'queued_transfers_listed', askedFor: attemptId(3), attemptIds: [attemptId(3)] }])
  expect(play(informed, done.record, [empty]).facts).toEqual([])
})

test('a device that does not know GetAllQueuedTransfers, or speaks CWMP 1.0, cannot be asked', () => {
  const record = { ...nobody, tasks: [{ kind: 'check' as const, taskId: attemptId(1), revision: 4 }] }
  const refused = play(informed, record, [empty, fault(9000)])
  expect([kinds(refused.facts), refused.record.tasks]).toEqual([['queued_transfers_unsupported'], []])
  const old = play({ ...informed, cwmpVersion: '1.0' }, record, [empty])
  expect([kinds(old.facts), old.say.kind]).toEqual([['queued_transfers_unsupported'], 'nothing'])
})

test.each<[string, Heard, number]>([
  ['a response', hear({ kind: 'cancel_transfer_response' }), 0],
  ['fault 9021', fault(9021), 9021],
])('%s answers a cancel, which is then done', (_, answer, faultCode) => {
  const record = { ...nobody, tasks: [{ kind: 'cancel' as const, taskId: attemptId(1), revision: 4 }] }
  const done = play(informed, record, [empty, answer])
  expect(done.facts).toEqual([{ kind: 'cancel_answered', attemptId: attemptId(1), faultCode }])
  expect(done.record.tasks).toEqual([])
})

test('a watched device on its target is read, and asked once to inform at the end of the soak', () => {
  const record = { ...nobody, watch: watchOf(1, { plantInformSeconds: 90 }) }
  const session = { ...informed, model: { ...informed.model, softwareVersion: TARGET } }
  const planting = play(session, record, [empty, hear(values({ 'S.1': 'a', W: 'Down' }))])
  expect(planting.say).toMatchObject({ call: { kind: 'schedule_inform', delaySeconds: 90 } })
  expect(planting.facts).toMatchObject([
    { kind: 'snapshot_read', wanUp: false, settings: { 'S.1': 'digest of S.1=a' } },
  ])
  expect(play(planting.session, planting.record, [fault(9000)]).say).toEqual({ kind: 'nothing', ended: true })
  expect(play(session, planting.record, [empty, hear(values({}))]).say).toEqual({ kind: 'nothing', ended: true })
})

test.each<[string, Heard, Partial<HotRecord>]>([
  ['gone', claimed({ ok: true, data: { kind: 'gone', reason: 'x' } }), { tasks: [] }],
  [
    'not_before',
    claimed({ ok: true, data: { kind: 'not_before', at: '2026-11-21T00:00:00.000Z', reason: 'x' } }),
    { tasks: [taskOf(hint('dev', 1, { notBefore: '2026-11-21T00:00:00.000Z' }))] },
  ],
  [
    'open',
    claimed({ ok: true, data: { kind: 'open', watch: watchOf(), check: false } }),
    { tasks: [], watch: watchOf() },
  ],
  ['no answer', claimed({ ok: false, error: { code: 'unavailable', detail: '' } }), hinted],
])('a claim answered %s ends without a Download and leaves the right record', (_, answer, left) => {
  const done = play(informed, hinted, [...upToClaim, answer])
  expect(done.say).toEqual({ kind: 'nothing', ended: true })
  expect(done.record).toMatchObject(left)
  expect(done.facts).toEqual([])
})

test('an open attempt is checked in the same session, and not called unanswered', () => {
  const open = claimed({ ok: true, data: { kind: 'open', watch: watchOf(), check: true } })
  const done = play(informed, hinted, [...upToClaim, open])
  expect(done.say).toMatchObject({ call: { kind: 'get_all_queued_transfers' } })
  expect(done.facts).toEqual([])
})

test('a watched device that booted on its old version is asked to be in touch again, once', () => {
  const watch = watchOf(1, { plantInformSeconds: 90 })
  const booted = { ...informed, booted: true }
  const asked = play(booted, { ...nobody, watch }, [empty])
  expect(asked.say).toMatchObject({ call: { kind: 'schedule_inform', delaySeconds: 90, commandKey: watch.attemptId } })
  expect(play(asked.session, asked.record, [fault(9000)]).say).toEqual({ kind: 'nothing', ended: true })
})

test.each<[string, Partial<Session>, Partial<HotRecord>]>([
  ['did not boot', {}, { watch: watchOf(1, { plantInformSeconds: 90 }) }],
  ['is not watched', { booted: true }, {}],
  ['is settled', { booted: true }, { watch: watchOf(1, { plantInformSeconds: 90, mode: 'settled' }) }],
  ['is asked for no contact', { booted: true }, { watch: watchOf(1, { plantInformSeconds: null }) }],
])('a device that %s is left alone', (_, session, record) => {
  const done = play({ ...informed, ...session }, { ...nobody, ...record }, [empty])
  expect(done.say).toEqual({ kind: 'nothing', ended: true })
})

test('a hint whose time has not come is left alone', () => {
  const record = { ...nobody, tasks: [taskOf(hint('dev', 1, { notBefore: '2026-11-20T12:00:01.000Z' }))] }
  expect(play(informed, record, [empty]).say).toEqual({ kind: 'nothing', ended: true })
})

test.each<[string, readonly Heard[]]>([
  ['before any request of ours', []],
  ['while an answer to us is due', [empty]],
  ['while the answer to Download is due', upToDownload],
  ['after the end', [empty, hear(values({})), claimed({ ok: true, data: { kind: 'gone', reason: '' } })]],
])('TransferComplete is answered %s, and what was due stays due', (_, before) => {
  const then = play(informed, hinted, before)
  const done = play(then.session, then.record, [transferComplete])
  expect(done.facts).toMatchObject([{ kind: 'transfer_completed', commandKey: attemptId(1), faultCode: 9010 }])
  expect(done.say).toEqual({ kind: 'answer', message: { kind: 'transfer_complete_response' }, id: '7' })
  expect(done.session).toEqual(then.session)
})

test('an unknown method is answered with fault 8000 and the session goes on', () => {
  const done = play(informed, hinted, [hear({ kind: 'unknown_request', method: 'RequestDownload' })])
  expect(done.say).toMatchObject({ kind: 'answer', message: { kind: 'acs_fault', code: 8000 } })
  expect(play(done.session, done.record, [empty]).say.kind).toBe('call')
})

test.each<[string, readonly Heard[]]>([
  ['an answer to nothing', [downloadResponse]],
  ['an answer to another request', [empty, downloadResponse]],
])('%s ends the session, and nothing of it is answered any more', (_, heard) => {
  const done = play(informed, hinted, heard)
  expect(done.say.kind).toBe('refuse')
  expect(play(done.session, done.record, [empty]).say).toEqual({ kind: 'refuse', reason: 'session_broken' })
})

test('a device cannot make us ask without end', () => {
  const session = { ...informed, calls: MAX_CALLS }
  expect(play(session, hinted, [empty]).say).toEqual({ kind: 'nothing', ended: true })
})

test('fault 53: a boot that was noted before the clock was set back keeps nobody waiting for longer than its model needs', () => {
  const slow = { profile: { ...profile, postBootHoldOffMs: 600_000 } }
  const sayAfter = (bootedAt: number) => step(informed, empty, world({ ...hinted, bootedAt }, slow)).say.kind
  expect([NOW - 599_000, NOW + 599_000, NOW - 600_000, NOW + 3_600_000].map(sayAfter)).toEqual([
    'nothing',
    'nothing',
    'call',
    'call',
  ])
})
