import type { EventMessage, RequestMessage } from '@sluice/contracts'
import { BusError } from './bus-error.ts'

const TOKEN = /^[A-Za-z0-9_-]{1,128}$/

/** The first token of every subject, and the prefix of every stream, unless told: several installations may share one NATS. */
export const USUAL_NAMESPACE = 'sluice'

/** `sluice.v1.<entity>.<verb>.<key>`. Throws BusError `invalid_event` where the key would break the subject. */
export function eventSubject(message: EventMessage, key: string, namespace = USUAL_NAMESPACE): string {
  if (!TOKEN.test(key)) {
    throw new BusError(
      'invalid_event',
      `${message.name}: the key ${JSON.stringify(key.slice(0, 64))} is no subject token`,
    )
  }
  return `${namespace}.v1.${message.name}.${key}`
}

/** All keys of an event. */
export function everyKeyOf(message: EventMessage, namespace = USUAL_NAMESPACE): string {
  return `${namespace}.v1.${message.name}.*`
}

/** Requests have no key: four tokens, which no stream holds. */
export function requestSubject(message: RequestMessage, namespace = USUAL_NAMESPACE): string {
  return `${namespace}.v1.${message.name}`
}

/** What public requests come on: the last token is who asks, which permissions of NATS vouch for. */
export function callerSubject(message: RequestMessage, caller: string, namespace = USUAL_NAMESPACE): string {
  return `${requestSubject(message, namespace)}.${caller}`
}

/** Under which a user of NATS gets its answers. */
export function inboxOf(user: string): string {
  return `_INBOX_${user}`
}

/** One stream per entity: `SLUICE_DEVICE`. */
export function streamName(message: EventMessage, namespace = USUAL_NAMESPACE): string {
  return `${namespace}_${message.name.split('.')[0]}`.toUpperCase()
}

/** Where dead letters lie: `SLUICE_DLQ`, on subjects `sluice.dlq.<service>.<entity>.<verb>`. */
export function deadLetterStream(namespace = USUAL_NAMESPACE): string {
  return `${namespace.toUpperCase()}_DLQ`
}

/** One durable consumer per (service, event): `device-registry_device_informed`. */
export function consumerName(service: string, message: EventMessage): string {
  return `${service}_${message.name.replaceAll('.', '_')}`
}
