import type { LateResult, ObservedFact } from '@sluice/contracts'
import type { AcsFault, AcsResponse, CpeRequest, DuResult, Inform } from '@sluice/cwmp'
import { boundedFault } from '../tasks/bounded-fault.ts'
import type { TaskReport } from '../tasks/task.ts'
import type { MethodKey } from './session.ts'

export type RequestOfCpe = Exclude<CpeRequest, Inform>

/** What a CPE's own request teaches, and the answer it gets. */
export interface AnsweredRequest {
  readonly answer: AcsResponse | AcsFault
  readonly facts?: readonly ObservedFact[]
  readonly reports?: readonly TaskReport[]
  readonly wantsFirmware?: boolean
}

/** The calls of TR-069 A.3.1, A.3.3 and A.4.2. */
const METHODS = [
  'Inform',
  'GetRPCMethods',
  'TransferComplete',
  'AutonomousTransferComplete',
  'RequestDownload',
  'DUStateChangeComplete',
  'AutonomousDUStateChangeComplete',
  'Kicked',
]

const TASK_ID = /^tsk_[0-9A-HJKMNP-TV-Z]{26}$/

/** A request of the CPE is answered in the next response, whatever we wait for (TR-069 3.7.2.2). */
export function answerRequest(message: RequestOfCpe, methodKeys: readonly MethodKey[]): AnsweredRequest {
  switch (message.kind) {
    case 'transfer_complete': {
      const commandKey = message.commandKey.slice(0, 32) || soleKey(methodKeys, TRANSFERS)
      const { startTime, completeTime } = message
      const fault = boundedFault(message)
      const answer = { kind: 'transfer_complete_response' } as const
      if (!TASK_ID.test(commandKey)) return { answer, facts: [{ kind: 'transfer_completed', commandKey, ...fault }] }
      const { faultCode: code, faultString: text } = fault
      const late = { kind: 'transfer_complete', fault: code === 0 ? null : { code, text }, startTime, completeTime }
      return { answer, reports: [completed(commandKey, late as LateResult)] }
    }
    case 'du_state_change_complete': {
      const { results } = message
      const commandKey = message.commandKey || soleKey(methodKeys, ['ChangeDUState'])
      const answer = { kind: 'du_state_change_complete_response' } as const
      if (!TASK_ID.test(commandKey)) return { answer }
      return { answer, reports: [completed(commandKey, { kind: message.kind, results: bounded(results) })] }
    }
    case 'request_download':
      // Without a file type there is no telling what it wants (A.4.2.2, fault 8003).
      if (message.fileType === '') return { answer: { kind: 'acs_fault', code: 8003 } }
      return { answer: { kind: 'request_download_response' }, wantsFirmware: /^\s*1(?!\d)/.test(message.fileType) }
    // What nobody asked for: it is in the message log, and the next Inform has the version it led to.
    case 'autonomous_transfer_complete':
      return { answer: { kind: 'autonomous_transfer_complete_response' } }
    case 'autonomous_du_state_change_complete':
      return { answer: { kind: 'autonomous_du_state_change_complete_response' } }
    case 'get_rpc_methods':
      return { answer: { kind: 'get_rpc_methods_response', methods: METHODS } }
    case 'kicked':
      return { answer: { kind: 'kicked_response', nextUrl: harmless(message.next) } }
    case 'unknown_request':
      return { answer: { kind: 'acs_fault', code: 8000 } }
  }
}

/**
 * Whose completion it is that bears no key, by the event that does (quirk 31): only where one alone has ended, and it is
 * an operator's call or a backup. Of attempts the scheduler knows more.
 */
function soleKey(methodKeys: readonly MethodKey[], methods: readonly string[]): string {
  const keys = new Set(methodKeys.filter(({ method }) => methods.includes(method)).map(({ commandKey }) => commandKey))
  const [key = ''] = keys
  return keys.size === 1 && /^(?:tsk_|bk)/.test(key) ? key : ''
}

const TRANSFERS: readonly string[] = ['Download', 'ScheduleDownload', 'Upload']

/** A report travels in one message: units by the hundred with all they consist of would not. */
function bounded(results: readonly DuResult[]): DuResult[] {
  return results.slice(0, 64).map((result) => ({ ...result, executionUnitRefs: result.executionUnitRefs.slice(0, 16) }))
}

function completed(taskId: string, late: LateResult): TaskReport {
  return { kind: 'completed', taskId, late }
}

/** A path on the host the browser came from. Anything else would make of us a redirect to anywhere. */
function harmless(next: string): string {
  return /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(next) ? next : ''
}
