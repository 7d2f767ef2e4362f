import { type MsgHdrs, headers } from 'nats'
import type { TravellingEvent } from './prepare-events.ts'

/** CloudEvents 1.0, binary mode: the attributes are headers, the body is the data (cloudevents NATS binding 3.1). */
export function eventHeaders(event: TravellingEvent): MsgHdrs {
  const all = headers()
  all.set('ce-specversion', '1.0')
  all.set('ce-id', event.id)
  all.set('ce-source', `/${event.source}`)
  all.set('ce-type', `sluice.v1.${event.name}`)
  all.set('ce-time', new Date(event.time).toISOString())
  all.set('ce-datacontenttype', 'application/json')
  if (event.traceparent !== undefined) all.set('traceparent', event.traceparent)
  return all
}

/** The attributes of an event that came; what is missing is empty, and makes the event unfit. */
export function readEventHeaders(all: MsgHdrs | undefined): {
  readonly id: string
  readonly source: string
  readonly time: number
  readonly traceparent: string | undefined
} {
  const time = Date.parse(all?.get('ce-time') ?? '')
  return {
    id: all?.get('ce-id') ?? '',
    source: (all?.get('ce-source') ?? '').replace(/^\//, ''),
    time: Number.isNaN(time) ? 0 : time,
    traceparent: traceparentOf(all),
  }
}

export function traceparentOf(all: MsgHdrs | undefined): string | undefined {
  return all?.get('traceparent') || undefined
}
