/** What was asked to be encoded cannot be said in CWMP: a mistake of the caller, never of a device. */
export class CwmpError extends Error {
  readonly code: CwmpErrorCode
  constructor(code: CwmpErrorCode, message: string) {
    super(message)
    this.name = 'CwmpError'
    this.code = code
  }
}

/** The value is not named in the message: it may be a secret. */
export type CwmpErrorCode =
  | 'argument_count'
  | 'argument_not_base64'
  | 'argument_not_object_name'
  | 'argument_not_text'
  | 'argument_not_unsigned'
  | 'argument_not_uuid'
  | 'argument_out_of_range'
  | 'argument_too_long'
