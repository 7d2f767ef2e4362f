import type { MalformedCode, WarningCode } from './message.ts'

/** What the decoders of single messages share: where they note what they tolerated. */
export interface Reading {
  readonly warn: (code: WarningCode) => void
}

/** Thrown by a message decoder, caught by decodePost: the message lacks what it cannot do without. */
export class MalformedMessage extends Error {
  readonly code: MalformedCode
  constructor(code: MalformedCode, detail: string) {
    super(detail)
    this.code = code
  }
}

/** An unsigned integer; null with a warning where the text is something else or above 2^32 - 1. */
export function readUnsigned(text: string, reading: Reading): number | null {
  if (/^\+?[0-9]{1,10}$/.test(text)) {
    const value = Number(text)
    if (value <= 4_294_967_295) return value
  }
  reading.warn('number_unreadable')
  return null
}

const DATE_TIME =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?)(Z|[+-][0-9]{2}:?[0-9]{2})?$/

/**
 * A dateTime as RFC 3339 UTC. null for none, for the Unknown Time (TR-069 3.2) and, with a warning,
 * for what cannot be read. Without zone it is taken as UTC, with a warning.
 */
export function readTime(text: string, reading: Reading): string | null {
  if (text === '' || text.startsWith('0001-')) return null
  const found = DATE_TIME.exec(text)
  if (found === null) return unreadable(reading)
  const zone = found[2] ?? 'Z'
  const time = new Date(`${found[1]}${zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone}`)
  if (Number.isNaN(time.getTime())) return unreadable(reading)
  if (found[2] === undefined) reading.warn('time_without_zone')
  return time.toISOString()
}

function unreadable(reading: Reading): null {
  reading.warn('time_unreadable')
  return null
}

/** At most `max` characters, for texts of which the tail does not matter. */
export function clip(text: string, max: number): string {
  return text.length <= max ? text : text.slice(0, max)
}

/** true and false in either form and any case; false with a warning for anything else. */
export function readBoolean(text: string, reading: Reading): boolean {
  const word = text.toLowerCase()
  if (word === '1' || word === 'true') return true
  if (word !== '0' && word !== 'false') reading.warn('boolean_unreadable')
  return false
}
