import type { EventMessage, RequestMessage } from '@sluice/contracts'
import { BusError } from './bus-error.ts'

const TOKEN = /^[A-Za-z0-9_-]{1,128}$/

/** `sluice.v1.<entity>.<verb>.<key>`. Throws BusError `invalid_event` where the key would break the subject. */
export function eventSubject(message: EventMessage, key: string): string {
  if (!TOKEN.test(key)) {
    throw new BusError(
      'invalid_event',
      `${message.name}: the key ${JSON.stringify(key.slice(0, 64))} is no subject token`,
    )
  }
  return `sluice.v1.${message.name}.${key}`
}

/** All keys of an event. */
export function everyKeyOf(message: EventMessage): string {
  return `sluice.v1.${message.name}.*`
}

/** Requests have no key: four tokens, which no stream holds. */
export function requestSubject(message: RequestMessage): string {
  return `sluice.v1.${message.name}`
}
