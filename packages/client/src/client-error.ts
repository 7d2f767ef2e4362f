import type { Problem } from '@sluice/contracts'

export type ClientErrorCode =
  /** The API answered with a problem. */
  | 'refused'
  /** No connection, or it broke. */
  | 'unreachable'
  /** No answer within the deadline. */
  | 'deadline'
  /** An answer that is not the API's. */
  | 'unreadable'

export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly code: ClientErrorCode
  /** Present when refused. */
  readonly problem: Problem | undefined

  constructor(code: ClientErrorCode, message: string, more: { problem?: Problem; cause?: unknown } = {}) {
    super(message, { cause: more.cause })
    this.code = code
    this.problem = more.problem
  }
}
