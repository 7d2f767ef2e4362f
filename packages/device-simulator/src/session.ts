import { readAcsMessage, type AcsMessage } from './acs-message.ts'
import { openAcsLine } from './acs-line.ts'
import { answerCall } from './answer-call.ts'
import type { Cpe, TransferReport } from './cpe.ts'
import { ExchangeError } from './http-exchange.ts'
import { informOf } from './inform.ts'
import { envelope, faultStruct, method, tag } from './write-soap.ts'

export type SessionEnd =
  /** `refused`: the ACS answered a TransferComplete with a fault; it must be told again. */
  { readonly kind: 'ended'; readonly refused: boolean } | { readonly kind: 'failed'; readonly reason: string }

class SessionFailed extends Error {
  readonly reason: string
  constructor(reason: string) {
    super(reason)
    this.name = 'SessionFailed'
    this.reason = reason
  }
}

/** More messages than any sane session has: an ACS that asks for ever loses the line. */
const MAX_MESSAGES = 1_000

/** One CWMP session from Inform to the empty answer (TR-069 3.7.1). Never throws. */
export async function holdSession(cpe: Cpe, retryCount: number, signal: AbortSignal): Promise<SessionEnd> {
  const line = openAcsLine(cpe.settings, cpe.random, signal)
  const ask = async (body: string): Promise<AcsMessage> => {
    const answer = await line.post(body)
    if (answer.status >= 300) throw new SessionFailed(`http_${answer.status}`)
    if (!answer.complete) throw new SessionFailed('cut')
    const message = readAcsMessage(answer.body.toString('utf8'))
    if (message.kind === 'unreadable') throw new SessionFailed('unreadable')
    return message
  }
  try {
    if (cpe.settings.faults.emptyPostFirst) await line.post('')
    const announced = await inform(cpe, retryCount, ask)
    return { kind: 'ended', refused: await converse(cpe, announced.message, announced.reports, ask) }
  } catch (error) {
    if (error instanceof SessionFailed) return { kind: 'failed', reason: error.reason }
    if (error instanceof ExchangeError) return { kind: 'failed', reason: error.failure }
    throw error
  } finally {
    line.close()
  }
}

type Ask = (body: string) => Promise<AcsMessage>

function write(cpe: Cpe, content: string, id?: string): string {
  cpe.messageCount += 1
  return envelope(cpe.settings.cwmp, id ?? String(cpe.messageCount), content)
}

async function inform(
  cpe: Cpe,
  retryCount: number,
  ask: Ask,
): Promise<{ message: AcsMessage; reports: TransferReport[] }> {
  const events = cpe.events.waiting()
  const reports = [...cpe.reports]
  const version = cpe.model.software()
  try {
    const message = await ask(write(cpe, informOf(cpe, events, retryCount)))
    if (message.kind === 'fault') throw new SessionFailed(`inform_fault_${message.code}`)
    if (message.kind !== 'response' || message.method !== 'Inform') throw new SessionFailed('no_inform_response')
    cpe.events.informed(events)
    cpe.record({ what: 'informed', events: events.map((event) => event.code), retryCount, version })
    return { message, reports }
  } catch (error) {
    cpe.events.failed(events)
    throw error
  }
}

/** Table 7 of TR-069 3.7.1.3: answer what was asked; else send what waits, unless held; else an empty POST, after which only answers follow. */
async function converse(cpe: Cpe, first: AcsMessage, announced: TransferReport[], ask: Ask): Promise<boolean> {
  const toReport = [...announced]
  let message = first
  let sentEmpty = false
  let refused = false
  for (let sent = 0; sent < MAX_MESSAGES; sent += 1) {
    const hold = 'hold' in message && message.hold
    if (message.kind === 'call') {
      message = await answer(cpe, message, ask)
    } else if (!sentEmpty && !hold && toReport.length > 0) {
      refused = !(await report(cpe, toReport.shift(), ask)) || refused
      message = { kind: 'empty' }
    } else if (!sentEmpty) {
      sentEmpty = !hold
      message = await ask('')
    } else if (message.kind === 'empty') {
      return (await reportInSameSession(cpe, ask)) && refused
    } else throw new SessionFailed('unexpected_answer')
  }
  throw new SessionFailed('endless')
}

async function answer(cpe: Cpe, call: AcsMessage & { kind: 'call' }, ask: Ask): Promise<AcsMessage> {
  const answered = await answerCall(cpe, call.method, call.args)
  if (answered.kind === 'dropped') throw new SessionFailed('dropped_on_purpose')
  return ask(write(cpe, answered.content, call.id))
}

/** True when the ACS confirmed it. */
async function report(cpe: Cpe, one: TransferReport | undefined, ask: Ask): Promise<boolean> {
  if (!one) return true
  const { commandKey, fault } = one
  cpe.record({ what: 'transfer_complete_sent', commandKey, fault })
  const content =
    tag('CommandKey', commandKey) +
    faultStruct(fault, fault === 0 ? '' : 'The simulated device could not install the file') +
    tag('StartTime', one.startedAt) +
    tag('CompleteTime', one.completedAt)
  const message = await ask(write(cpe, method('TransferComplete', content)))
  if (message.kind === 'fault') return false
  if (message.kind !== 'response' || message.method !== 'TransferComplete')
    throw new SessionFailed('no_answer_to_report')
  cpe.record({ what: 'transfer_complete_answered', commandKey, fault })
  if (one.repeatsLeft > 0) one.repeatsLeft -= 1
  else {
    cpe.reports = cpe.reports.filter((other) => other !== one)
    cpe.events.transferReported(commandKey, cpe.reports.length === 0)
  }
  return true
}

/** The misbehaviour `transferCompleteInSameSession`: a report after the empty POST, which TR-069 3.7.1.3 forbids. */
async function reportInSameSession(cpe: Cpe, ask: Ask): Promise<boolean> {
  if (!cpe.settings.faults.transferCompleteInSameSession) return true
  for (const one of cpe.reports) {
    await report(cpe, one, ask)
    await ask('')
  }
  return true
}
