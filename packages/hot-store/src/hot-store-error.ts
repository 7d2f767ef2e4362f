export type HotStoreErrorCode =
  /** Nothing was carried out, or nobody knows whether it was: the connection is away or the answer did not come in time. */
  | 'unavailable'
  /** A session's state exceeds its bound. */
  | 'too_large'
  /** What came back is not what this package wrote. */
  | 'unreadable'

export class HotStoreError extends Error {
  override readonly name = 'HotStoreError'
  readonly code: HotStoreErrorCode

  constructor(code: HotStoreErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
