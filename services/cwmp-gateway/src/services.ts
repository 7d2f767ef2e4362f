import type { Bus } from '@sluice/bus'
import {
  credentialConfirm,
  credentialIssue,
  type ErrorCode,
  type Reply,
  settingsKept,
  taskClaim,
  taskReport,
  upgradeClaim,
} from '@sluice/contracts'
import { type Clock, currentTraceparent, type Log } from '@sluice/runtime'
import { GatewayError } from './gateway-error.ts'
import type { Services } from './session/carry-out.ts'
import type { Question, ToldAnswer } from './tasks/task.ts'

const REFUSED_FOR_GOOD: readonly ErrorCode[] = [
  'invalid_request',
  'too_large',
  'not_found',
  'conflict',
  'not_supported',
]

/** The services that sessions ask on their way, over the bus. */
export function createServices({ bus, clock, log }: { bus: Bus; clock: Clock; log: Log }): Services {
  const traced = () => {
    const traceparent = currentTraceparent()
    return traceparent === undefined ? {} : { traceparent }
  }
  const told = <T>(reply: Reply<T>, answer: (data: T) => ToldAnswer): ToldAnswer => {
    if (reply.ok) return answer(reply.data)
    log.warn({ code: reply.error.code, detail: reply.error.detail }, 'cwmp.question.unanswered')
    return { kind: 'unclaimed' }
  }

  return {
    ask,
    report: async (deviceKey, reports) => {
      const at = new Date(clock.now()).toISOString()
      const items = reports.map((report) => ({ ...report, deviceKey, at }))
      const reply = await bus.request(taskReport, { items }, traced())
      if (reply.ok) return
      const { code, detail } = reply.error
      // What the device said is then not acknowledged: it brings it again, or the next session tells what is missing.
      if (!REFUSED_FOR_GOOD.includes(code))
        throw new GatewayError('unavailable', `device-tasks took no report: ${code}`)
      // It would never be taken, and must not keep its device from us for ever: the task times out.
      log.error(
        { device_key: deviceKey, task_ids: reports.map(({ taskId }) => taskId), code, detail },
        'cwmp.report.refused',
      )
    },
  }

  async function ask(question: Question): Promise<ToldAnswer> {
    switch (question.kind) {
      case 'upgrade_claim':
        return told(await bus.request(upgradeClaim, question.input, traced()), (answer) => ({
          kind: 'claimed',
          answer,
        }))
      case 'call_claim':
        return told(await bus.request(taskClaim, question.input, traced()), (answer) => ({
          kind: 'call_claimed',
          answer,
        }))
      case 'settings_kept':
        return told(await bus.request(settingsKept, question.input, traced()), (answer) => ({
          kind: 'kept',
          settings: answer.kind === 'kept' ? answer.settings : null,
        }))
      case 'credential_issue':
        return told(await bus.request(credentialIssue, question.input, traced()), (credential) => ({
          kind: 'issued',
          credential,
        }))
      case 'credential_confirm':
        return told(await bus.request(credentialConfirm, question.input, traced()), () => ({ kind: 'confirmed' }))
    }
  }
}
