export type RuntimeErrorCode =
  /** Settings do not fit; the message lists every problem, one per line. */
  | 'invalid_settings'
  /** Something took longer than its deadline. */
  | 'deadline_exceeded'
  /** A bounded queue is full. */
  | 'overloaded'
  /** It was stopped, and takes no more. */
  | 'stopped'

export class RuntimeError extends Error {
  override readonly name = 'RuntimeError'
  readonly code: RuntimeErrorCode

  constructor(code: RuntimeErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
