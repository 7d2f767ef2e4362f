import { rpcNameOf } from '@sluice/cwmp'
import type { SentInSession } from './continue-session.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { faultCodeOf } from './messages/describe-message.ts'
import { lineOfAcs, linesOfCpe } from './messages/session-log.ts'
import type { Session } from './session/session.ts'
import type { CarriedOut } from './session/carry-out.ts'

export interface NotedStep {
  readonly sent: SentInSession
  readonly before: Session
  readonly done: CarriedOut
  /** What was answered. */
  readonly reply: string
}

/** What is counted, logged and kept of one POST, once it is answered. */
export function noteStep(parts: GatewayParts, noted: NotedStep): void {
  const { session, say } = noted.done
  const answered = say.kind === 'call' ? say.call : say.kind === 'answer' ? say.message : null
  count(parts, noted, answered)
  noted.done.ignored.forEach(() => parts.instruments.tolerated('answer_repeated'))
  tell(parts, noted.done)
  if (noted.sent.kind === 'empty' && answered === null) return
  const { deviceKey, sessionId } = session
  // Settings that are put back stand in both directions.
  const putsBack = [noted.before, session].some(({ running }) => running?.kind === 'put_back')
  const about = { deviceKey, sessionId, keepsBodies: !putsBack && parts.rules.logsBodiesOf(deviceKey) }
  parts.messages.write([
    ...(noted.sent.kind === 'empty' ? [] : linesOfCpe(about, noted.sent)),
    ...(answered === null ? [] : [lineOfAcs(about, answered, noted.reply)]),
  ])
}

function count(
  { instruments }: GatewayParts,
  { sent, before, done: { facts, say } }: NotedStep,
  answered: Parameters<typeof faultCodeOf>[0] | null,
): void {
  facts.forEach(({ kind }) => instruments.observed(kind))
  const heard = sent.kind === 'empty' ? [] : sent.envelopes.map(({ body }) => body)
  for (const message of heard) {
    const code = faultCodeOf(message)
    // A fault is counted with what it answers.
    const { outstanding } = before
    const rpc = message.kind === 'fault' && outstanding !== null ? outstanding.rpc : rpcNameOf(message)
    instruments.requested('cpe', rpcNameOf(message))
    if (code !== null) instruments.faulted(rpc, code)
  }
  if (say.kind === 'call') instruments.requested('acs', rpcNameOf(say.call))
  const own = answered === null ? null : faultCodeOf(answered)
  if (own !== null) instruments.faulted(heard[0] === undefined ? 'empty' : rpcNameOf(heard[0]), own)
}

function tell({ log }: GatewayParts, { session, facts, reports, say, ignored }: CarriedOut): void {
  const who = { device_key: session.deviceKey, session_id: session.sessionId }
  if (facts.length > 0) log.info({ ...who, facts: facts.map(({ kind }) => kind) }, 'cwmp.facts.reported')
  for (const report of reports) {
    const outcome = report.kind === 'answered' ? report.result.kind : report.kind
    log.info({ ...who, task_id: report.taskId, outcome }, 'cwmp.call.reported')
  }
  if (ignored.length > 0) log.warn({ ...who, answers: ignored }, 'cwmp.answers.ignored')
  if (say.kind === 'refuse') log.info({ ...who, reason: say.reason }, 'cwmp.session.refused')
  if (say.kind !== 'call') return
  const { running } = session
  if (say.call.kind === 'download') log.info({ ...who, attempt_id: session.offered }, 'cwmp.download.sent')
  if (running?.kind === 'call')
    log.info({ ...who, task_id: running.task.taskId, rpc: rpcNameOf(say.call) }, 'cwmp.call.sent')
}
