export type TestbedErrorCode = 'servers_missing' | 'server_failed' | 'process_failed' | 'not_running'

export class TestbedError extends Error {
  override readonly name = 'TestbedError'
  readonly code: TestbedErrorCode

  constructor(code: TestbedErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
