import type { AcsMessage } from './acs-message.ts'
import { SessionFailed, write, type Ask } from './ask-acs.ts'
import type { Cpe, Report } from './cpe.ts'
import { childOf, textOf, type XmlElement } from './read-xml.ts'
import { method } from './write-soap.ts'

/** Calls that a device gives up when the ACS refuses them (TR-069 3.7.1.5, table 8: at its discretion). */
const GIVEN_UP = new Set(['RequestDownload', 'Kicked', 'GetRPCMethods'])

/** Calls the ACS; true when it need not be told again. */
export async function sendReport(cpe: Cpe, report: Report, ask: Ask): Promise<boolean> {
  recordSent(cpe, report)
  const [message] = await ask(writeReport(cpe, report))
  return settle(cpe, report, message)
}

export function writeReport(cpe: Cpe, report: Report): string {
  return write(cpe, method(report.method, report.content))
}

export function recordSent(cpe: Cpe, { method: call, commandKey, fault }: Report): void {
  if (call === 'TransferComplete') cpe.record({ what: 'transfer_complete_sent', commandKey, fault })
  else cpe.record({ what: 'report_sent', call, commandKey, fault })
}

/** What the answer of the ACS means for a call. */
export function settle(cpe: Cpe, report: Report, message: AcsMessage): boolean {
  if (message.kind === 'fault') {
    cpe.record({ what: 'report_refused', call: report.method, commandKey: report.commandKey, fault: message.code })
    if (!GIVEN_UP.has(report.method)) return false
    forget(cpe, report)
    return true
  }
  if (message.kind !== 'response' || message.method !== report.method) throw new SessionFailed('no_answer_to_report')
  recordAnswered(cpe, report, message.args)
  if (report.repeatsLeft > 0) report.repeatsLeft -= 1
  else forget(cpe, report)
  return true
}

function forget(cpe: Cpe, report: Report): void {
  cpe.reports = cpe.reports.filter((other) => other !== report)
  cpe.events.answered(
    report.events,
    cpe.reports.flatMap(({ events }) => events),
  )
}

function recordAnswered(cpe: Cpe, { method: call, commandKey, fault }: Report, args: XmlElement): void {
  if (call === 'TransferComplete') return cpe.record({ what: 'transfer_complete_answered', commandKey, fault })
  const methods = childOf(args, 'MethodList')?.children.map((one) => one.text.trim())
  const nextUrl = textOf(args, 'NextURL')
  cpe.record({
    what: 'report_answered',
    call,
    commandKey,
    ...(methods && { methods }),
    ...(nextUrl !== undefined && { nextUrl }),
  })
}
