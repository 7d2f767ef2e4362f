import type { AcsMessage } from './acs-message.ts'
import { SessionFailed, write, type Ask } from './ask-acs.ts'
import type { Cpe, Report } from './cpe.ts'
import type { CpeEvent } from './event-queue.ts'
import { recordSent, settle, writeReport } from './send-report.ts'
import { list, method, parameterValue, tag } from './write-soap.ts'

/** What the ACS answered, and the calls this Inform announced that are still to be made. */
export interface Announced {
  readonly message: AcsMessage
  readonly reports: readonly Report[]
}

/** Begins a session (TR-069 3.7.1.1). What the ACS has answered is not told again. */
export async function callInform(cpe: Cpe, retryCount: number, ask: Ask): Promise<Announced> {
  const { faults } = cpe.settings
  if (cpe.changed.size > 0) cpe.events.add('4 VALUE CHANGE')
  cpe.namespace = cpe.settings.cwmp
  showUpTime(cpe)
  const events = cpe.events.waiting()
  const reports = [...cpe.reports]
  const changed = [...cpe.changed]
  const version = cpe.model.software()
  try {
    const body = write(cpe, informOf(cpe, events, retryCount, changed), undefined, headersOf(cpe))
    if (faults.repeatsInform) await ask(body)
    const along = faults.severalEnvelopes ? reports : []
    for (const report of along) recordSent(cpe, report)
    const [message, ...more] = await ask(
      [body, ...along.map((one) => withoutDeclaration(writeReport(cpe, one)))].join(''),
    )
    if (message.kind === 'fault') throw new SessionFailed(`inform_fault_${message.code}`)
    if (message.kind !== 'response' || message.method !== 'Inform') throw new SessionFailed('no_inform_response')
    cpe.events.informed(
      events,
      cpe.reports.flatMap((report) => report.events),
    )
    for (const name of changed) cpe.changed.delete(name)
    const { useVersion } = message
    if (useVersion !== undefined) cpe.namespace = namespaceOf(useVersion)
    const codes = events.map((event) => event.code)
    cpe.record({
      what: 'informed',
      events: codes,
      retryCount,
      version,
      ...(useVersion !== undefined && { useVersion }),
    })
    const told = along.filter((report, index) => more[index] !== undefined && settle(cpe, report, more[index]))
    hangUp(cpe)
    if (faults.interleavesInforms && !codes.includes('2 PERIODIC')) {
      cpe.events.add('2 PERIODIC')
      return await callInform(cpe, 0, ask)
    }
    return { message, reports: reports.filter((report) => !told.includes(report)) }
  } catch (error) {
    cpe.events.failed(events)
    throw error
  }
}

function showUpTime(cpe: Cpe): void {
  const parameter = cpe.model.parameter(`${cpe.model.root}.DeviceInfo.UpTime`)
  if (parameter) parameter.value = String(Math.floor((Date.now() - cpe.bootedAt) / 1000))
}

function hangUp(cpe: Cpe): void {
  const { hangsUpAfterInform = 0 } = cpe.settings.faults
  if (cpe.hangUps >= hangsUpAfterInform) return
  cpe.hangUps += 1
  throw new SessionFailed('hung_up')
}

function withoutDeclaration(envelope: string): string {
  return envelope.replace(/^\uFEFF?<\?xml[^>]*\?>\s*/, '')
}

/** Namespaces end at 1-2; the later versions of the protocol share it (TR-069 3.4.7). */
function namespaceOf(version: string): string {
  return version === '1.0' ? '1-0' : version === '1.1' ? '1-1' : '1-2'
}

function headersOf({ settings: { supportedVersions, sessionTimeoutSeconds } }: Cpe): string {
  const header = (name: string, text: string | number | undefined): string =>
    text === undefined ? '' : `<cwmp:${name} soap-env:mustUnderstand="0">${text}</cwmp:${name}>`
  return header('SessionTimeout', sessionTimeoutSeconds) + header('SupportedCWMPVersions', supportedVersions)
}

/** The Inform call (TR-069 A.3.3.1). */
function informOf(cpe: Cpe, events: readonly CpeEvent[], retryCount: number, changed: readonly string[]): string {
  const { manufacturer, oui, productClass, serialNumber } = cpe.settings.identity
  const deviceId =
    tag('Manufacturer', manufacturer) +
    tag('OUI', oui) +
    tag('ProductClass', productClass) +
    tag('SerialNumber', serialNumber)
  const eventItems = events.map(
    ({ code, commandKey }) => `<EventStruct>${tag('EventCode', code)}${tag('CommandKey', commandKey)}</EventStruct>`,
  )
  const told = new Map([...cpe.model.informed(), ...changed.flatMap((name) => cpe.model.under(name))])
  const parameters = [...told].map(([name, { type, value, hidden }]) => parameterValue(name, type, hidden ? '' : value))
  return method(
    'Inform',
    `<DeviceId>${deviceId}</DeviceId>` +
      list('Event', 'cwmp:EventStruct', eventItems) +
      tag('MaxEnvelopes', 1) +
      tag('CurrentTime', new Date().toISOString()) +
      tag('RetryCount', retryCount) +
      list('ParameterList', 'cwmp:ParameterValueStruct', parameters),
  )
}
