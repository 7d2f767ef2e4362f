import type { Static, TSchema } from 'typebox'

/**
 * An event: something that happened, past tense. `stored` events survive restarts and reach each of
 * their `consumers` at least once; `live` events reach who listens now, and nobody else.
 */
export interface EventMessage<Data extends TSchema = TSchema> {
  readonly kind: 'event'
  /** `<entity>.<verb>`, as in the subject `sluice.v1.<entity>.<verb>.<key>`. */
  readonly name: string
  readonly delivery: 'stored' | 'live'
  /** Names of the services that consume it durably. Empty for live events. */
  readonly consumers: readonly string[]
  /** What the last token of the subject is, for documentation. */
  readonly key: string
  readonly description: string
  readonly data: Data
}

/** A request: imperative, answered once by one service within its deadline. */
export interface RequestMessage<Input extends TSchema = TSchema, Output extends TSchema = TSchema> {
  readonly kind: 'request'
  readonly name: string
  readonly server: string
  /** How long the asker waits, in milliseconds. */
  readonly deadlineMs: number
  readonly description: string
  readonly input: Input
  readonly output: Output
}

export type DataOf<M> = M extends EventMessage<infer D> ? Static<D> : never
export type InputOf<M> = M extends RequestMessage<infer I> ? Static<I> : never
export type OutputOf<M> = M extends RequestMessage<TSchema, infer O> ? Static<O> : never

export function event<D extends TSchema>(name: string, rest: Omit<EventMessage<D>, 'kind' | 'name'>): EventMessage<D> {
  return { kind: 'event', name, ...rest }
}

export function request<I extends TSchema, O extends TSchema>(
  name: string,
  rest: Omit<RequestMessage<I, O>, 'kind' | 'name'>,
): RequestMessage<I, O> {
  return { kind: 'request', name, ...rest }
}
