import type { DataOf, EventMessage, InputOf, OutputOf, Reply, RequestMessage } from '@sluice/contracts'

/** An event on its way out. The same id published twice is delivered as one where the transport can tell. */
export interface OutgoingEvent<Data> {
  readonly id: string
  /** Last token of the subject. */
  readonly key: string
  readonly data: Data
  readonly traceparent?: string
}

/** An event as it reaches a consumer; its data fits the schema. */
export interface IncomingEvent<Data> {
  readonly id: string
  readonly name: string
  readonly source: string
  /** Epoch milliseconds. */
  readonly time: number
  readonly data: Data
  readonly traceparent?: string
}

export interface IncomingRequest<Input> {
  readonly input: Input
  readonly traceparent?: string
}

/** Stops what it belongs to: takes no more, and resolves once what is under way has ended. */
export type Stop = () => Promise<void>

/**
 * Events and requests between services. Two implementations, one suite: NATS (`connectNats`), and rows in the
 * embedded database (`createEmbeddedBus`).
 *
 * What travels is checked on both sides. An event that does not fit its schema at the consumer, or that was handed
 * over too often (`RetryRule`), becomes a dead letter with its reason: stream `SLUICE_DLQ`, table `bus.dead_letter`.
 * A handler that fails because a part is away (`isPartAway`) is asked again for ever: that is no fault of the event.
 * A message has at most 1,000,000 bytes of JSON.
 */
export interface Bus {
  /**
   * Resolves once the transport has stored all of them. Throws BusError otherwise: `unavailable` in bounded time (some
   * may be stored: publish them again with the same ids), `invalid_event` or `too_large` (none is stored).
   */
  publish<M extends EventMessage>(message: M, events: readonly OutgoingEvent<DataOf<M>>[]): Promise<void>
  /** Live events: to who listens now. Never waits, never throws. */
  announce<M extends EventMessage>(message: M, events: readonly OutgoingEvent<DataOf<M>>[]): void
  /**
   * Consumes a stored event as the service this bus was made for; replicas share the work. The batch is
   * acknowledged when `handle` resolves and comes again, later and perhaps in other company, when it throws. Batches
   * of one `consume` never overlap; `maxBatch` is 64 unless told. On NATS, the first event of a batch waits `gatherMs`
   * for company: 5 unless told. An event that failed three times comes alone.
   * Throws BusError `topology` where the contract does not name this service, or nobody made the consumer.
   */
  consume<M extends EventMessage>(
    message: M,
    handle: (batch: readonly IncomingEvent<DataOf<M>>[]) => Promise<void>,
    options?: { readonly maxBatch?: number; readonly gatherMs?: number },
  ): Promise<Stop>
  /** Hears events from now on; every listener hears every one. Stored events are heard too, but only once, and only by who is there. */
  listen<M extends EventMessage>(message: M, hear: (event: IncomingEvent<DataOf<M>>) => void): Promise<Stop>
  /** Asks, and waits no longer than the message's deadline. Never throws: what goes wrong is a refusal. */
  request<M extends RequestMessage>(
    message: M,
    input: InputOf<M>,
    options?: { readonly traceparent?: string; readonly deadlineMs?: number },
  ): Promise<Reply<OutputOf<M>>>
  /**
   * Answers requests; replicas share the work. With `gatherMs`, what arrives within that time is handed over
   * as one batch of at most `maxBatch` (256), at most two under way at once; without, each request comes alone. One
   * reply per request, in order. A throw answers all of them with `internal`, and is logged.
   */
  serve<M extends RequestMessage>(
    message: M,
    answer: (batch: readonly IncomingRequest<InputOf<M>>[]) => Promise<readonly Reply<OutputOf<M>>[]>,
    options?: { readonly gatherMs?: number; readonly maxBatch?: number },
  ): Promise<Stop>
  status(): 'up' | 'down'
  close(): Promise<void>
}
