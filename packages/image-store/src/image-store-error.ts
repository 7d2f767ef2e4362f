export type ImageStoreErrorCode =
  /** The medium failed: no space, no permission, gone. The cause says which. */
  | 'unavailable'
  /** An artifact id or digest that is none: a bug of the caller, and never a path. */
  | 'bad_name'
  /** The caller's signal ended it. */
  | 'aborted'
  /** The bytes being stored stopped coming before their end: the sender's fault, not the store's. */
  | 'source_failed'

export class ImageStoreError extends Error {
  override readonly name = 'ImageStoreError'
  readonly code: ImageStoreErrorCode

  constructor(code: ImageStoreErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
