import type { DeviceTaskState } from '@sluice/contracts'

/** What is known of a task. Its state follows from it and is stored only to be searched. */
export interface TaskFacts {
  /** Its call is over with a report that comes later, not with its answer (TR-069 A.3.2.8, A.4.1.10). */
  readonly completesLate: boolean
  readonly claimed: boolean
  readonly cancelled: boolean
  readonly expired: boolean
  readonly answer: Answer | null
  readonly completion: Completion | null
  readonly uploaded: boolean
}

/** `later`: accepted, and how it ended will be told. */
export type Answer =
  | { readonly kind: 'done' | 'later' | 'unanswered' | 'not_sent' }
  | { readonly kind: 'fault'; readonly faultCode: number }

export interface Completion {
  readonly faultCode: number | null
}

export type TaskFact =
  | { readonly kind: 'claimed' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'answered'; readonly answer: Answer }
  | ({ readonly kind: 'completed' } & Completion)
  | { readonly kind: 'uploaded' }

export type Ignored = 'not_waiting' | 'ended' | 'never_sent' | 'known' | 'not_awaited'

export function newTask(completesLate: boolean): TaskFacts {
  return {
    completesLate,
    claimed: false,
    cancelled: false,
    expired: false,
    answer: null,
    completion: null,
    uploaded: false,
  }
}

/**
 * Where a task stands. Evidence outranks timers, and the later report outranks the answer: a device that reported how
 * a transfer ended did it, whatever was heard before.
 */
export function stateOf(facts: TaskFacts): DeviceTaskState {
  const { claimed, cancelled, expired, answer, completion, uploaded } = facts
  if (cancelled) return 'cancelled'
  if (!claimed) return expired ? 'timed_out' : 'waiting'
  if (completion !== null) return completion.faultCode === null ? 'done' : 'faulted'
  switch (answer?.kind) {
    case 'done':
      return 'done'
    case 'fault':
    case 'not_sent':
      return 'faulted'
    case 'later':
      if (!expired) return 'transferring'
      return uploaded ? 'done' : 'timed_out'
    case 'unanswered':
      return uploaded ? 'done' : 'lost'
    case undefined:
      if (!expired) return 'running'
      return uploaded ? 'done' : 'timed_out'
  }
}

export function isOpen(state: DeviceTaskState): boolean {
  return state === 'waiting' || state === 'running' || state === 'transferring'
}

/** The fault that a task ended with. */
export function faultCodeOf({ answer, completion }: TaskFacts): number | null {
  if (completion !== null) return completion.faultCode
  return answer?.kind === 'fault' ? answer.faultCode : null
}

/** Total: every fact in every state is taken, or ignored because of something. Any order, any number of times. */
export function learn(
  facts: TaskFacts,
  fact: TaskFact,
): { readonly facts: TaskFacts; readonly ignored: Ignored | null } {
  const ignored = reasonToIgnore(facts, fact)
  return { facts: ignored === null ? taken(facts, fact) : facts, ignored }
}

function reasonToIgnore(facts: TaskFacts, fact: TaskFact): Ignored | null {
  switch (fact.kind) {
    case 'claimed':
    case 'cancelled':
      return stateOf(facts) === 'waiting' ? null : 'not_waiting'
    case 'expired':
      return isOpen(stateOf(facts)) ? null : 'ended'
    case 'answered':
      if (!facts.claimed) return 'never_sent'
      return facts.answer === null || isBetter(fact.answer, facts.answer) ? null : 'known'
    case 'completed':
      if (!facts.claimed) return 'never_sent'
      if (!facts.completesLate) return 'not_awaited'
      return facts.completion === null ? null : 'known'
    case 'uploaded':
      if (!facts.claimed) return 'never_sent'
      if (!facts.completesLate) return 'not_awaited'
      return facts.uploaded ? 'known' : null
  }
}

/** The first answer counts, but for one: that nothing was heard is no answer once something is. */
function isBetter(answer: Answer, known: Answer): boolean {
  return known.kind === 'unanswered' && answer.kind !== 'unanswered'
}

function taken(facts: TaskFacts, fact: TaskFact): TaskFacts {
  switch (fact.kind) {
    case 'claimed':
      return { ...facts, claimed: true }
    case 'cancelled':
      return { ...facts, cancelled: true }
    case 'expired':
      return { ...facts, expired: true }
    case 'answered':
      return { ...facts, answer: fact.answer }
    case 'completed':
      return { ...facts, completion: { faultCode: fact.faultCode } }
    case 'uploaded':
      return { ...facts, uploaded: true }
  }
}
