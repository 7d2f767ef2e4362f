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
 * Events and requests between services. Two implementations, one suite: NATS, and rows in the
 * embedded database.
 */
export interface Bus {
  /** Resolves once the transport has stored all of them; throws BusError otherwise. */
  publish<M extends EventMessage>(message: M, events: readonly OutgoingEvent<DataOf<M>>[]): Promise<void>
  /** Live events: to who listens now. Never waits, never throws. */
  announce<M extends EventMessage>(message: M, events: readonly OutgoingEvent<DataOf<M>>[]): void
  /**
   * Consumes a stored event as the service this bus was made for; replicas share the work. The batch is
   * acknowledged when `handle` resolves and comes again, later and perhaps in other company, when it throws.
   */
  consume<M extends EventMessage>(
    message: M,
    handle: (batch: readonly IncomingEvent<DataOf<M>>[]) => Promise<void>,
    options?: { readonly maxBatch?: number },
  ): Promise<Stop>
  /** Hears live events from now on; every listener hears every one. */
  listen<M extends EventMessage>(message: M, hear: (event: IncomingEvent<DataOf<M>>) => void): Promise<Stop>
  /** Asks, and waits no longer than the message's deadline. Never throws: what goes wrong is a refusal. */
  request<M extends RequestMessage>(
    message: M,
    input: InputOf<M>,
    options?: { readonly traceparent?: string; readonly deadlineMs?: number },
  ): Promise<Reply<OutputOf<M>>>
  /**
   * Answers requests; replicas share the work. With `gatherMs`, what arrives within that time is handed over
   * as one batch. One reply per request, in order.
   */
  serve<M extends RequestMessage>(
    message: M,
    answer: (batch: readonly IncomingRequest<InputOf<M>>[]) => Promise<readonly Reply<OutputOf<M>>[]>,
    options?: { readonly gatherMs?: number; readonly maxBatch?: number },
  ): Promise<Stop>
  status(): 'up' | 'down'
  close(): Promise<void>
}
