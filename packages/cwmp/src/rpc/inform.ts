import { readEventCode } from '../event-codes.ts'
import { clip, MalformedMessage, readTime, readUnsigned, type Reading } from '../reading.ts'
import { childOf, textOf, type XmlElement } from '../xml-element.ts'
import { element, type Xml } from '../xml-writer.ts'
import { readList } from './list.ts'
import { readParameterList, type ParameterValue } from './parameter-list.ts'

/** TR-069 A.3.3.1. */
export interface Inform {
  readonly kind: 'inform'
  readonly deviceId: DeviceId
  /** In the order sent; empty with the warning `events_missing`. */
  readonly events: readonly InformEvent[]
  readonly maxEnvelopes: number
  /** RFC 3339 UTC; null where unknown or unreadable. A CPE's clock is never evidence. */
  readonly currentTime: string | null
  readonly retryCount: number
  /** Names may repeat (seen in the field); the first one counts. */
  readonly parameters: readonly ParameterValue[]
}

/** Trimmed, no control characters, at most 64 characters each; oui and serialNumber not empty. */
export interface DeviceId {
  readonly manufacturer: string
  readonly oui: string
  readonly productClass: string
  readonly serialNumber: string
}

export interface InformEvent {
  /** In the form of TR-069 3.7.1.5, for example `1 BOOT` or `M Download`; as sent where unknown. */
  readonly code: string
  readonly commandKey: string
}

export interface InformResponse {
  readonly kind: 'inform_response'
}

/** TR-069 A.3.3.1 allows 64 events. */
const MAX_EVENTS = 64

export function decodeInform(inform: XmlElement, reading: Reading): Inform {
  if (childOf(inform, 'RetryCount') === undefined) reading.warn('retry_count_missing')
  return {
    kind: 'inform',
    deviceId: readDeviceId(inform, reading),
    events: readEvents(inform, reading),
    maxEnvelopes: readUnsigned(textOf(inform, 'MaxEnvelopes') || '1', reading) ?? 1,
    currentTime: readTime(textOf(inform, 'CurrentTime'), reading),
    retryCount: readUnsigned(textOf(inform, 'RetryCount') || '0', reading) ?? 0,
    parameters: readParameterList(inform, reading),
  }
}

/** Everything is keyed by this identity, so what cannot be one is refused rather than guessed. */
function readDeviceId(inform: XmlElement, reading: Reading): DeviceId {
  const id = childOf(inform, 'DeviceId')
  if (id === undefined) throw new MalformedMessage('device_id', 'DeviceId is missing')
  const oui = identityPart(id, 'OUI')
  const serialNumber = identityPart(id, 'SerialNumber')
  if (oui === '' || serialNumber === '') throw new MalformedMessage('device_id', 'OUI or SerialNumber is empty')
  if (!/^[0-9A-F]{6}$/.test(oui)) reading.warn('oui_unusual')
  return {
    manufacturer: identityPart(id, 'Manufacturer'),
    oui,
    productClass: identityPart(id, 'ProductClass'),
    serialNumber,
  }
}

function identityPart(id: XmlElement, name: string): string {
  const text = textOf(id, name)
  if (text.length > 64) throw new MalformedMessage('device_id', `${name} is longer than 64 characters`)
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)) throw new MalformedMessage('device_id', `${name} holds control characters`)
  return text
}

function readEvents(inform: XmlElement, reading: Reading): readonly InformEvent[] {
  const events = readList(inform, { list: 'Event', item: 'EventStruct', missing: 'events_missing' }, reading)
  if (events.length > MAX_EVENTS) throw new MalformedMessage('too_many_events', `more than ${MAX_EVENTS} events`)
  if (events.length === 0) reading.warn('events_missing')
  return events.map((event) => ({
    code: readEventCode(textOf(event, 'EventCode'), reading),
    commandKey: clip(textOf(event, 'CommandKey'), 64),
  }))
}

export function encodeInformResponse(): Xml {
  return element('cwmp:InformResponse', [element('MaxEnvelopes', 1)])
}
