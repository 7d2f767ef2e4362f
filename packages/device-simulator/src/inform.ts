import type { Cpe } from './cpe.ts'
import type { CpeEvent } from './event-queue.ts'
import { list, method, parameterValue, tag } from './write-soap.ts'

/** The Inform call (TR-069 A.3.3.1). */
export function informOf(cpe: Cpe, events: readonly CpeEvent[], retryCount: number): string {
  const { manufacturer, oui, productClass, serialNumber } = cpe.settings.identity
  const deviceId =
    tag('Manufacturer', manufacturer) +
    tag('OUI', oui) +
    tag('ProductClass', productClass) +
    tag('SerialNumber', serialNumber)
  const eventItems = events.map(
    ({ code, commandKey }) => `<EventStruct>${tag('EventCode', code)}${tag('CommandKey', commandKey)}</EventStruct>`,
  )
  const parameters = cpe.model.informed().map(([name, { type, value }]) => parameterValue(name, type, value))
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
