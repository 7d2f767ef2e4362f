import type { DeviceCall } from '@sluice/contracts'
import type { CpeResponse } from '@sluice/cwmp'
import type { HotRecord } from '@sluice/hot-store'
import { deviceProfile } from '@sluice/model-profiles'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Question, ToldAnswer } from '../tasks/task.ts'
import { callHint, taskId } from '../testing/call-parts.ts'
import { attemptId, go, hint, TARGET, watchOf } from '../testing/upgrade-parts.ts'
import { blankRecord as blank, informedSession as begun, taskOf } from '../testing/step-parts.ts'
import { withChanges } from './record-view.ts'
import { MAX_CALLS, type Session } from './session.ts'
import { type Heard, step, type Step, type World } from './step.ts'

const NOW = Date.parse('2026-11-20T12:00:00.000Z')
const profile = { ...deviceProfile, settings: ['S.1', 'S.2'], sentinels: [], namesPerRead: 2 }

const calls: readonly DeviceCall[] = [
  { method: 'Reboot' },
  { method: 'GetParameterValues', names: ['A', 'B', 'C', 'D', 'E'] },
  { method: 'Download', fileType: '3 Vendor Configuration File', url: 'http://192.0.2.1/c' },
  { method: 'AddObject', objectName: 'Device.X.' },
]
const tasks = [
  ...[1, 2].map((n) => taskOf(hint('dev', n))),
  ...calls.map((_, n) => taskOf(callHint('dev', n + 1))),
  { kind: 'check', taskId: attemptId(8), revision: 1 } as const,
  { kind: 'cancel', taskId: attemptId(8), revision: 1 } as const,
]

const hear = (message: Extract<Heard, { kind: 'message' }>['message']): Heard => ({ kind: 'message', message, id: '1' })
const empty: Heard = { kind: 'empty' }
const operation = { faultCode: 0, faultString: '' }
const times = { startTime: null, completeTime: null }
const request = fc.constantFrom(
  hear({ kind: 'transfer_complete', commandKey: attemptId(1), ...operation, ...times }),
  hear({ kind: 'transfer_complete', commandKey: taskId(3), ...operation, ...times }),
  hear({ kind: 'unknown_request', method: 'X' }),
  hear({ kind: 'request_download', fileType: '1 Firmware Upgrade Image', fileTypeArgs: [] }),
  hear({ kind: 'kicked', command: '', referer: '', arg: '', next: '/' }),
  hear({ kind: 'du_state_change_complete', results: [], commandKey: taskId(4) }),
)
const response = fc.constantFrom<CpeResponse>(
  { kind: 'get_parameter_values_response', parameters: [{ name: 'A', value: 'v', type: null }] },
  { kind: 'download_response', status: 1, ...times },
  { kind: 'reboot_response' },
  { kind: 'add_object_response', instanceNumber: 1, status: 0 },
  { kind: 'set_parameter_values_response', status: 0 },
  { kind: 'get_all_queued_transfers_response', transfers: [] },
  { kind: 'unknown_response', method: 'X' },
)
const faulted = fc
  .constantFrom(9000, 9003, 9005, 9805)
  .map((code) => hear({ kind: 'fault', code, text: 'no', parameterFaults: [] }))
/** What a CPE does next: what it was asked, or anything else. A session may be lost between any two. */
const behaviour = fc.oneof(
  { weight: 8, arbitrary: fc.constant('answers what it was asked' as const) },
  { weight: 3, arbitrary: fc.constant(empty) },
  { weight: 2, arbitrary: faulted },
  { weight: 2, arbitrary: request },
  { weight: 1, arbitrary: response.map(hear) },
  { weight: 1, arbitrary: fc.constant('comes with a new session' as const) },
)

const start = fc.record({
  role: fc.constantFrom<Session['role']>(null, 'bootstrap', 'pending'),
  version: fc.constantFrom('1.0', TARGET),
  watched: fc.boolean(),
  tasks: fc.subarray(tasks),
  calls: fc.constantFrom(0, 0, MAX_CALLS - 3),
  /** Which questions find nobody. */
  deaf: fc.subarray<Question['kind']>(['upgrade_claim', 'call_claim', 'credential_issue', 'credential_confirm']),
})

function answerOf(kind: string): Heard {
  const message = {
    get_parameter_values: { kind: 'get_parameter_values_response', parameters: [] },
    download: { kind: 'download_response', status: 1, ...times },
    reboot: { kind: 'reboot_response' },
    add_object: { kind: 'add_object_response', instanceNumber: 1, status: 0 },
    set_parameter_values: { kind: 'set_parameter_values_response', status: 0 },
    get_all_queued_transfers: { kind: 'get_all_queued_transfers_response', transfers: [] },
    cancel_transfer: { kind: 'cancel_transfer_response' },
    schedule_inform: { kind: 'schedule_inform_response' },
  }[kind] as CpeResponse | undefined
  return message === undefined ? empty : hear(message)
}

test('whatever a CPE does: one Download for an attempt, one call a time and each once, a bound on them, and always an answer', () => {
  fc.assert(
    fc.property(start, fc.array(behaviour, { maxLength: 60 }), (from, script) => {
      const committed = new Set<string>()
      const ask = (question: Question): ToldAnswer => {
        if (from.deaf.includes(question.kind)) return { kind: 'unclaimed' }
        switch (question.kind) {
          case 'upgrade_claim': {
            const reply = go(Number(question.input.upgradeId.slice(4)))
            return reply.ok ? { kind: 'claimed', answer: reply.data } : { kind: 'unclaimed' }
          }
          case 'call_claim': {
            const { taskId: id } = question.input
            const call = calls[Number(id.slice(4)) - 1]
            if (call === undefined || committed.has(id)) return { kind: 'call_claimed', answer: { kind: 'gone' } }
            committed.add(id)
            return { kind: 'call_claimed', answer: { kind: 'go', call, commandKey: id, traceparent: '' } }
          }
          case 'settings_kept':
            return { kind: 'kept', settings: { 'S.1': 'sealed', 'S.2': 'sealed' } }
          case 'credential_issue':
            return { kind: 'issued', credential: { username: 'u', password: 'issued-password' } }
          case 'credential_confirm':
            return { kind: 'confirmed' }
        }
      }
      const model = { ...begun.model, softwareVersion: from.version }
      const fresh: Session = { ...begun, model, role: from.role, calls: from.calls }
      let session = fresh
      let record: HotRecord = {
        ...blank,
        tasks: from.tasks,
        watch: from.watched ? watchOf(9, { restore: true }) : null,
      }
      let ended = false
      const keeping = { close: () => 'sealed', open: () => ({ value: 'v', type: 'string' as const }) }
      const downloads: string[] = []
      const reported: string[] = []

      for (const each of script) {
        if (each === 'comes with a new session') {
          session = fresh
          ended = false
          continue
        }
        const owed = session.outstanding
        const heard = each === 'answers what it was asked' ? answerOf(owed?.kind ?? '') : each
        const world = (now: HotRecord): World => ({ now: NOW, record: now, profile, digest: () => 'd', keeping, ended })
        let done: Step = step(session, heard, world(record))
        let [changes, reports] = [done.changes, done.reports]
        while (done.say.kind === 'ask') {
          done = step(done.session, { kind: 'told', answer: ask(done.say.question) }, world(done.record))
          changes = [...changes, ...done.changes]
          reports = [...reports, ...done.reports]
        }
        const { say } = done
        // What is saved is what the rest of the step went by.
        expect(withChanges(record, changes)).toEqual(done.record)
        expect(JSON.stringify(done.session)).not.toContain('issued-password')
        // A request of the CPE is answered, and nothing else is.
        const isRequest = heard.kind === 'message' && !/response$|^fault$/.test(heard.message.kind)
        expect(say.kind === 'answer').toBe(isRequest && say.kind !== 'refuse')
        // Never a call while another one is outstanding, but the same one again.
        if (say.kind === 'call' && owed !== null && heard.kind === 'empty' && done.session.calls === session.calls) {
          expect([say.id, say.call.kind]).toEqual([owed.id, owed.kind])
        }
        if (isRequest) expect(done.session.outstanding).toEqual(owed)
        if (say.kind === 'call') expect(done.session.outstanding?.id).toBe(say.id)
        expect(done.session.calls).toBeLessThanOrEqual(MAX_CALLS)
        if (say.kind === 'call' && say.call.kind === 'download') downloads.push(say.call.commandKey)
        reported.push(...reports.filter(({ kind }) => kind === 'answered').map((report) => report.taskId))
        if (say.kind === 'nothing') ended = say.ended
        if (say.kind === 'refuse') ended = true
        session = done.session
        record = done.record
      }
      expect(new Set(downloads).size).toBe(downloads.length)
      // What became of a call is told once, and of one that was claimed and is not outstanding, it is told.
      expect(new Set(reported).size).toBe(reported.length)
      const isOpen = (id: string) => record.call?.taskId === id && !record.call.answered
      for (const id of committed) expect(reported.includes(id) || isOpen(id)).toBe(true)
    }),
    { numRuns: 2_000 },
  )
})
