import { type InputOf, type OutputOf, type Reply, type RequestMessage, check, refused } from '@sluice/contracts'
import { type Clock, type Log, RuntimeError, createBatcher, inSpan } from '@sluice/runtime'
import type { IncomingRequest } from './bus.ts'
import type { Instruments } from './instruments.ts'
import { MAX_BODY_BYTES } from './prepare-events.ts'

export type Answer<M extends RequestMessage> = (
  batch: readonly IncomingRequest<InputOf<M>>[],
) => Promise<readonly Reply<OutputOf<M>>[]>

export interface Answerer {
  /** The reply to a request as both travel, JSON text. `caller`: who asks, as the transport vouches; the input's `actor` is that. Never throws. */
  answer(body: string, traceparent: string | undefined, caller?: string): Promise<string>
  stop(): Promise<void>
}

/** The serving side of a request: checks the input, gathers, asks the service, and turns whatever it throws into `internal`. */
export function createAnswerer<M extends RequestMessage>(
  message: M,
  answer: Answer<M>,
  options: { readonly gatherMs?: number | undefined; readonly maxBatch?: number | undefined },
  parts: { readonly service: string; readonly log: Log; readonly clock: Clock; readonly instruments: Instruments },
): Answerer {
  const { service, log, clock, instruments } = parts
  const gathers = options.gatherMs !== undefined
  type Incoming = IncomingRequest<InputOf<M>>

  const answerBatch = async (batch: readonly Incoming[]): Promise<readonly Reply<OutputOf<M>>[]> => {
    const traces = batch.map(({ traceparent }) => traceparent)
    const span = {
      tracer: service,
      name: `answer ${message.name}`,
      kind: 'server' as const,
      attributes: { 'messaging.destination.template': message.name, 'messaging.batch.message_count': batch.length },
      ...(batch.length === 1 ? { traceparent: traces[0] } : { links: [...new Set(traces)].slice(0, 128) }),
    }
    const replies = await instruments.timed('answer', message.name, () => inSpan(span, () => answer(batch)))
    if (replies.length !== batch.length) throw new Error(`${batch.length} requests got ${replies.length} replies`)
    return replies
  }
  const batcher = createBatcher<Incoming, Reply<OutputOf<M>>>({
    maxItems: gathers ? (options.maxBatch ?? 256) : 1,
    waitMs: options.gatherMs ?? 0,
    maxRunning: gathers ? 2 : 64,
    maxPending: 4_096,
    run: answerBatch,
    clock,
  })

  const replyTo = async (
    body: string,
    traceparent: string | undefined,
    caller: string | undefined,
  ): Promise<Reply<OutputOf<M>>> => {
    const input = readInput(message, body, caller)
    if (!input.ok) return input
    try {
      return await batcher.add(traceparent === undefined ? { input: input.data } : { input: input.data, traceparent })
    } catch (error) {
      if (error instanceof RuntimeError && (error.code === 'overloaded' || error.code === 'stopped')) {
        return refused('unavailable', `${service} takes no more requests now`)
      }
      log.error({ err: error, request: message.name }, 'bus.request.failed')
      return refused('internal', `${message.name} failed`)
    }
  }
  return {
    async answer(body, traceparent, caller) {
      const text = JSON.stringify(await replyTo(body, traceparent, caller))
      if (Buffer.byteLength(text) <= MAX_BODY_BYTES) return text
      return JSON.stringify(refused('too_large', `the answer has more than ${MAX_BODY_BYTES} bytes`))
    },
    stop: () => batcher.stop(),
  }
}

function readInput<M extends RequestMessage>(message: M, body: string, caller: string | undefined): Reply<InputOf<M>> {
  let input: unknown
  try {
    input = JSON.parse(body)
  } catch {
    return refused('invalid_request', `${message.name}: the input is no JSON`)
  }
  const checked = check(message.input, caller === undefined ? input : signedBy(message, input, caller))
  if (checked.kind === 'invalid') return refused('invalid_request', `${message.name}: ${checked.detail}`)
  return { ok: true, data: checked.value as InputOf<M> }
}

/** Whatever the input says: who acts is who the transport let in. */
function signedBy(message: RequestMessage, input: unknown, caller: string): unknown {
  const fields = (message.input as { properties?: Record<string, unknown> }).properties ?? {}
  if (!('actor' in fields) || typeof input !== 'object' || input === null) return input
  return { ...input, actor: `oss:${caller}` }
}
