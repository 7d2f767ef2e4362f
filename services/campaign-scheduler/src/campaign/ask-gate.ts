import { type InputOf, type Policy, gateAsk } from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { postGate } from './post-gate.ts'

export type ExternalGate = NonNullable<Policy['gate']['external']>

/** What the outside says: an answer, or none, which means wait. */
export type GateReply =
  | { readonly kind: 'go' | 'wait' | 'stop'; readonly reason: string | null }
  | { readonly kind: 'nothing'; readonly detail: string }

/** Asks somebody outside, in bounded time. Never inside a transaction; never throws. */
export async function askGate(
  parts: Parts,
  { by }: ExternalGate,
  question: InputOf<typeof gateAsk>,
): Promise<GateReply> {
  if (by !== 'bus') return postGate(parts, by.url, question)
  const reply = await parts.bus.request(gateAsk, question)
  if (!reply.ok) return { kind: 'nothing', detail: reply.error.detail }
  return { kind: reply.data.answer, reason: reply.data.reason ?? null }
}
