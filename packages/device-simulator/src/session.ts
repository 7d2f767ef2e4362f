import { openAcsLine } from './acs-line.ts'
import type { AcsMessage } from './acs-message.ts'
import { askOver, SessionFailed, write, type Ask } from './ask-acs.ts'
import { answerCall } from './calls/answer-call.ts'
import type { Cpe, Report } from './cpe.ts'
import { ExchangeError } from './http-exchange.ts'
import { callInform } from './inform.ts'
import { sendReport } from './send-report.ts'

export type SessionEnd =
  /** `refused`: the ACS answered a TransferComplete with a fault; it must be told again. */
  | { readonly kind: 'ended'; readonly refused: boolean }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterSeconds: number }

/** More messages than any sane session has: an ACS that asks for ever loses the line. */
const MAX_MESSAGES = 1_000

/** One CWMP session from Inform to the empty answer (TR-069 3.7.1). Never throws. */
export async function holdSession(cpe: Cpe, retryCount: number, signal: AbortSignal): Promise<SessionEnd> {
  const line = openAcsLine(cpe, signal)
  const ask = askOver(line, cpe.settings.faults)
  try {
    if (cpe.settings.faults.emptyPostFirst) await line.post('')
    const announced = await callInform(cpe, retryCount, ask)
    return { kind: 'ended', refused: await converse(cpe, announced.message, announced.reports, ask) }
  } catch (error) {
    if (error instanceof SessionFailed) return { kind: 'failed', ...pick(error) }
    if (error instanceof ExchangeError) return { kind: 'failed', reason: error.failure, retryAfterSeconds: 0 }
    throw error
  } finally {
    line.close()
  }
}

function pick({ reason, retryAfterSeconds }: SessionFailed): { reason: string; retryAfterSeconds: number } {
  return { reason, retryAfterSeconds }
}

/** Table 7 of TR-069 3.7.1.3: answer what was asked; else send what waits, unless held; else an empty POST, after which only answers follow. */
async function converse(cpe: Cpe, first: AcsMessage, announced: readonly Report[], ask: Ask): Promise<boolean> {
  const toReport = [...announced]
  let message = first
  let sentEmpty = false
  let refused = false
  for (let sent = 0; sent < MAX_MESSAGES; sent += 1) {
    const hold = 'hold' in message && message.hold
    const [report] = toReport
    if (message.kind === 'call') {
      message = await answer(cpe, message, ask)
    } else if (!sentEmpty && !hold && report) {
      toReport.shift()
      refused = !(await sendReport(cpe, report, ask)) || refused
      message = { kind: 'empty' }
    } else if (!sentEmpty) {
      sentEmpty = !hold
      ;[message] = await ask('')
    } else if (message.kind === 'empty') {
      await reportInSameSession(cpe, ask)
      for (let extra = cpe.settings.faults.extraEmptyPosts ?? 0; extra > 0; extra -= 1) await ask('')
      return refused
    } else throw new SessionFailed('unexpected_answer')
  }
  throw new SessionFailed('endless')
}

async function answer(cpe: Cpe, call: AcsMessage & { kind: 'call' | 'response' }, ask: Ask): Promise<AcsMessage> {
  const answered = await answerCall(cpe, call.method, call.args)
  if (cpe.asked.crash) throw new SessionFailed('crashed')
  if (answered.kind === 'dropped') throw new SessionFailed('dropped_on_purpose')
  const [message] = await ask(answered.kind === 'empty' ? '' : write(cpe, answered.content, call.id))
  return message
}

/** The misbehaviour `transferCompleteInSameSession`: a report after the empty POST, which TR-069 3.7.1.3 forbids. */
async function reportInSameSession(cpe: Cpe, ask: Ask): Promise<void> {
  if (!cpe.settings.faults.transferCompleteInSameSession) return
  for (const one of cpe.reports) {
    await sendReport(cpe, one, ask)
    await ask('')
  }
}
