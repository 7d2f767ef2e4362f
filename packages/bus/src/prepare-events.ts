import { type DataOf, type EventMessage, check } from '@sluice/contracts'
import { currentTraceparent } from '@sluice/runtime'
import { BusError } from './bus-error.ts'
import type { OutgoingEvent } from './bus.ts'
import { eventSubject } from './message-subject.ts'

/** Below the 1 MiB that NATS takes, with room for the headers. */
export const MAX_BODY_BYTES = 1_000_000

/** An event as it travels: the attributes of CloudEvents 1.0 and a JSON body. */
export interface TravellingEvent {
  readonly id: string
  readonly name: string
  readonly source: string
  readonly subject: string
  /** Epoch milliseconds. */
  readonly time: number
  readonly body: string
  readonly traceparent: string | undefined
}

const ID = /^[A-Za-z0-9_.:-]{1,128}$/

/** Checks and serializes. Throws BusError `invalid_event` or `too_large`: none of them is sent then. */
export function prepareEvents<M extends EventMessage>(
  message: M,
  events: readonly OutgoingEvent<DataOf<M>>[],
  from: { readonly service: string; readonly now: number; readonly namespace?: string },
): TravellingEvent[] {
  return events.map((event) => {
    const subject = eventSubject(message, event.key, from.namespace)
    if (!ID.test(event.id)) throw new BusError('invalid_event', `${message.name}: the event has no usable id`)
    const checked = check(message.data, event.data)
    if (checked.kind === 'invalid') {
      throw new BusError('invalid_event', `${message.name} ${event.id} does not fit its schema: ${checked.detail}`)
    }
    const body = JSON.stringify(event.data)
    if (Buffer.byteLength(body) > MAX_BODY_BYTES) {
      throw new BusError('too_large', `${message.name} ${event.id} has more than ${MAX_BODY_BYTES} bytes`)
    }
    return {
      id: event.id,
      name: message.name,
      source: from.service,
      subject,
      time: from.now,
      body,
      traceparent: event.traceparent ?? currentTraceparent(),
    }
  })
}
