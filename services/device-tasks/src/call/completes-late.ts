import type { CallResult, DeviceCall, LateResult } from '@sluice/contracts'
import type { Answer, Completion } from '../task/task-machine.ts'

type Method = DeviceCall['method']

const TRANSFERS: ReadonlySet<string> = new Set<Method>(['Download', 'ScheduleDownload', 'Upload'])
const UNIT_CHANGES: ReadonlySet<string> = new Set<Method>(['ChangeDUState'])

/** Calls whose end comes as a call of the device: TransferComplete or DUStateChangeComplete. */
export function completesLate(method: string): boolean {
  return TRANSFERS.has(method) || UNIT_CHANGES.has(method)
}

export function answerOf(method: string, result: CallResult): Answer {
  switch (result.kind) {
    case 'fault':
      return { kind: 'fault', faultCode: result.fault.code }
    case 'unanswered':
    case 'not_sent':
      return { kind: result.kind }
    case 'response':
      return { kind: isDoneBy(method, result.response) ? 'done' : 'later' }
  }
}

/** Status 0: already applied, no TransferComplete follows (TR-069 tables 32, 41). The other two have no Status. */
function isDoneBy(method: string, response: unknown): boolean {
  if (!completesLate(method)) return true
  if (method !== 'Download' && method !== 'Upload') return false
  return typeof response === 'object' && response !== null && 'status' in response && response.status === 0
}

/** Undefined where this report cannot be about such a call. */
export function completionOf(method: string, late: LateResult): Completion | undefined {
  if (late.kind === 'transfer_complete') {
    if (!TRANSFERS.has(method)) return undefined
    const code = late.fault?.code ?? 0
    return { faultCode: code === 0 ? null : code }
  }
  if (!UNIT_CHANGES.has(method)) return undefined
  return { faultCode: late.results.map(faultOfUnit).find((code) => code !== 0) ?? null }
}

/** One unit that failed is a failed call: which ones did, its results tell (TR-069 table 80). */
function faultOfUnit(result: unknown): number {
  if (typeof result !== 'object' || result === null) return 0
  if ('faultCode' in result && typeof result.faultCode === 'number') return result.faultCode
  return 'fault' in result && typeof result.fault === 'object' && result.fault !== null && 'code' in result.fault
    ? Number(result.fault.code) || 0
    : 0
}
