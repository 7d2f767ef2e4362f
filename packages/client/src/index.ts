export { ClientError, type ClientErrorCode } from './client-error.ts'
export { type CallInput, type Client, type ClientSettings, createClient } from './client.ts'
export type { ServerSentEvent } from './server-sent-events.ts'
