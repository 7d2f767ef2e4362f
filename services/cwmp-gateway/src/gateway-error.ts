export type GatewayErrorCode = 'unavailable'

/** What breaks the promise of an answer. `unavailable`: the CPE is told 503, and keeps what it wanted to say. */
export class GatewayError extends Error {
  readonly code: GatewayErrorCode
  constructor(code: GatewayErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'GatewayError'
    this.code = code
  }
}
