import type { EventMessage } from '@sluice/contracts'
import { inSpan } from '@sluice/runtime'
import type { IncomingEvent } from './bus.ts'
import type { Instruments } from './instruments.ts'

/** Runs a handler in a consumer span. One event continues the trace it came with; a larger batch links to its traces. */
export async function handleBatch<Data>(
  message: EventMessage,
  batch: readonly IncomingEvent<Data>[],
  handle: (batch: readonly IncomingEvent<Data>[]) => Promise<void>,
  parts: { readonly service: string; readonly instruments: Instruments },
): Promise<void> {
  const { service, instruments } = parts
  const traces = batch.map(({ traceparent }) => traceparent)
  const options = {
    tracer: service,
    name: `process ${message.name}`,
    kind: 'consumer' as const,
    attributes: {
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.template': message.name,
      'messaging.consumer.group.name': service,
      'messaging.batch.message_count': batch.length,
    },
    ...(batch.length === 1 ? { traceparent: traces[0] } : { links: [...new Set(traces)].slice(0, 128) }),
  }
  try {
    await instruments.timed('process', message.name, () => inSpan(options, () => handle(batch)))
    instruments.consumed(message.name, batch.length)
  } catch (error) {
    instruments.consumed(message.name, batch.length, error)
    throw error
  }
}
