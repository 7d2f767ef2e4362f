import { type DataOf, type EventMessage, check } from '@sluice/contracts'
import type { IncomingEvent } from './bus.ts'

export type ReadEvent<Data> =
  | { readonly kind: 'fits'; readonly event: IncomingEvent<Data> }
  | { readonly kind: 'unfit'; readonly reason: string }

/** An event from the wire, or why it is none that a handler may see. Never throws. */
export function readEvent<M extends EventMessage>(
  message: M,
  wire: {
    readonly id: string
    readonly source: string
    readonly time: number
    readonly body: string
    readonly traceparent: string | undefined
  },
): ReadEvent<DataOf<M>> {
  if (wire.id === '') return { kind: 'unfit', reason: 'it has no id' }
  let data: unknown
  try {
    data = JSON.parse(wire.body)
  } catch {
    return { kind: 'unfit', reason: 'its body is no JSON' }
  }
  const checked = check(message.data, data)
  if (checked.kind === 'invalid') return { kind: 'unfit', reason: `it does not fit its schema: ${checked.detail}` }
  return {
    kind: 'fits',
    event: {
      id: wire.id,
      name: message.name,
      source: wire.source,
      time: wire.time,
      data: checked.value as DataOf<M>,
      ...(wire.traceparent === undefined ? {} : { traceparent: wire.traceparent }),
    },
  }
}
