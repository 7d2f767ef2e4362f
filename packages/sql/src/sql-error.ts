export type SqlErrorCode =
  /** No connection, or it was lost, and nothing was committed. Worth another try. */
  | 'unavailable'
  /** The connection was lost while the commit was on its way: it may or may not have happened. */
  | 'outcome_unknown'
  /** A connection or a statement took longer than its deadline; nothing was committed. */
  | 'deadline'
  /** Serialization failure, deadlock or a lock not to be had: nothing was committed, worth another try. */
  | 'conflict'
  /** A unique, foreign key, check or not-null constraint; `constraint` names it. */
  | 'constraint'
  /** The statement or a value is wrong: a bug of the caller. */
  | 'invalid'
  | 'nested_transaction'
  | 'edited_migration'
  | 'closed'

export class SqlError extends Error {
  override readonly name = 'SqlError'
  readonly code: SqlErrorCode
  readonly constraint: string | undefined

  constructor(code: SqlErrorCode, message: string, more: { cause?: unknown; constraint?: string | undefined } = {}) {
    super(message, { cause: more.cause })
    this.code = code
    this.constraint = more.constraint
  }
}
