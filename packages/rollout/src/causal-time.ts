import type { Attempt } from './attempt.ts'
import type { Fact } from './facts.ts'

/**
 * How far the clocks of two of our machines may be apart, ms. The offer is timed by the scheduler, what the device says
 * by its gateway, bytes by the file server; within this, their order is not known from their times.
 */
export const clockToleranceMs = 60_000

/** What carries the key of a try came after its offer, whatever the observer's clock says. Epoch ms. */
export function causalTime(fact: Fact, { attemptId, offeredAt }: Attempt): number {
  return names(fact, attemptId) ? Math.max(fact.at, offeredAt) : fact.at
}

function names(fact: Fact, attemptId: string): boolean {
  if ('attemptId' in fact) return fact.attemptId === attemptId
  if (fact.kind === 'transfer_completed') return fact.commandKey === attemptId
  if (fact.kind === 'queued_transfers_listed') return fact.attemptIds.includes(attemptId)
  return fact.kind === 'informed' && fact.events.some(({ commandKey }) => commandKey === attemptId)
}
