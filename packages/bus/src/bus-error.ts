export type BusErrorCode =
  /** The transport did not take it in time; some of it may have been stored. Worth another try with the same ids. */
  | 'unavailable'
  /** The event's key, id or data may not be sent: a bug of the caller. */
  | 'invalid_event'
  /** More bytes than a message may have. */
  | 'too_large'
  /** A stream or consumer is not there, or not as wanted: the topology job has not run. */
  | 'topology'
  /** Where NATS is to be found was told in a way that cannot be read. */
  | 'invalid_url'
  /** A name that no user of NATS may have. */
  | 'invalid_user'
  /** The user of NATS may not hear what its service serves or listens to. */
  | 'denied'
  /** The bus was closed. */
  | 'closed'

/** Whether a publish failed for a defect of the event itself: no later try can go better. For a journal's relay. */
export function isRefusedForGood(error: unknown): boolean {
  return error instanceof BusError && (error.code === 'invalid_event' || error.code === 'too_large')
}

export class BusError extends Error {
  override readonly name = 'BusError'
  readonly code: BusErrorCode

  constructor(code: BusErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
