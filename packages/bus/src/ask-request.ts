import {
  ERROR_CODES,
  type ErrorCode,
  type OutputOf,
  type Reply,
  type RequestMessage,
  check,
  refused,
} from '@sluice/contracts'
import { type Log, currentTraceparent, inSpan } from '@sluice/runtime'
import type { Instruments } from './instruments.ts'
import { MAX_BODY_BYTES } from './prepare-events.ts'

/** Carries a request over and brings the reply's text back, or a refusal. May throw: that is `internal`. */
export type Carry = (
  body: string,
  traceparent: string | undefined,
  deadlineMs: number,
) => Promise<string | { readonly refused: Reply<never> }>

/** The asking side of a request: sizes, span, reading of the reply. Never throws. */
export async function askRequest<M extends RequestMessage>(
  message: M,
  input: unknown,
  options: { readonly traceparent?: string; readonly deadlineMs?: number } | undefined,
  carry: Carry,
  parts: { readonly service: string; readonly log: Log; readonly instruments: Instruments },
): Promise<Reply<OutputOf<M>>> {
  const span = {
    tracer: parts.service,
    name: `request ${message.name}`,
    kind: 'client' as const,
    attributes: { 'messaging.destination.template': message.name },
    ...(options?.traceparent === undefined ? {} : { traceparent: options.traceparent }),
  }
  try {
    const body = JSON.stringify(input) ?? 'null'
    if (Buffer.byteLength(body) > MAX_BODY_BYTES) {
      return refused('too_large', `${message.name}: the request has more than ${MAX_BODY_BYTES} bytes`)
    }
    return await parts.instruments.timed('request', message.name, () =>
      inSpan(span, async (active) => {
        const carried = await carry(body, currentTraceparent(), options?.deadlineMs ?? message.deadlineMs)
        const reply = typeof carried === 'string' ? readReply(message, carried) : carried.refused
        if (!reply.ok) active.setAttribute('error.type', reply.error.code)
        return reply
      }),
    )
  } catch (error) {
    parts.log.error({ err: error, request: message.name }, 'bus.request.failed')
    return refused('internal', `${message.name} could not be asked`)
  }
}

function readReply<M extends RequestMessage>(message: M, text: string): Reply<OutputOf<M>> {
  let reply: unknown
  try {
    reply = JSON.parse(text)
  } catch {
    return refused('internal', `${message.name}: the reply is no JSON`)
  }
  if (isRefusal(reply)) return refused(reply.error.code, reply.error.detail)
  if (typeof reply !== 'object' || reply === null || !('ok' in reply) || reply.ok !== true || !('data' in reply)) {
    return refused('internal', `${message.name}: the reply is none`)
  }
  const checked = check(message.output, reply.data)
  if (checked.kind === 'invalid') {
    return refused('internal', `${message.name}: the reply does not fit its schema: ${checked.detail}`)
  }
  return { ok: true, data: checked.value as OutputOf<M> }
}

function isRefusal(reply: unknown): reply is { error: { code: ErrorCode; detail: string } } {
  const { ok, error } = (reply ?? {}) as { ok?: unknown; error?: { code?: unknown; detail?: unknown } }
  return ok === false && typeof error?.detail === 'string' && Object.hasOwn(ERROR_CODES, String(error.code))
}
