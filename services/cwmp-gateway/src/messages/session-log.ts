import type { AcsMessage, Envelope } from '@sluice/cwmp'
import { describeMessage } from './describe-message.ts'
import { masked } from './masked.ts'
import type { LoggedMessage } from './message-log.ts'

const MAX_BODY = 65_536
const IDLE_EVENTS: ReadonlySet<string> = new Set(['2 PERIODIC'])

/** Whose line it is, and whether bodies are kept of this device. */
export interface LoggedSession {
  readonly deviceKey: string
  readonly sessionId: string
  readonly keepsBodies: boolean
}

/** What a CPE sent in one POST: a line for each envelope. */
export function linesOfCpe(
  { deviceKey, sessionId, keepsBodies }: LoggedSession,
  sent: {
    readonly envelopes: readonly Pick<Envelope, 'body'>[]
    readonly warnings: readonly string[]
    readonly bytes: number
    readonly text: () => string
  },
): readonly LoggedMessage[] {
  const shown = sent.envelopes.filter(({ body }) => !isIdleInform(body))
  const body = keepsBodies && shown.length > 0 ? { body: bodyOf(sent.text()) } : {}
  return shown.map(({ body: message }) => ({
    deviceKey,
    sessionId,
    from: 'cpe',
    ...describeMessage(message),
    ...(sent.warnings.length === 0 ? {} : { warnings: sent.warnings.slice(0, 32) }),
    bytes: sent.bytes,
    ...body,
  }))
}

/** What we answered or asked. */
export function lineOfAcs(
  { deviceKey, sessionId, keepsBodies }: LoggedSession,
  message: AcsMessage,
  text: string,
): LoggedMessage {
  return {
    deviceKey,
    sessionId,
    from: 'acs',
    ...describeMessage(message),
    bytes: Buffer.byteLength(text),
    ...(keepsBodies ? { body: bodyOf(text) } : {}),
  }
}

/** An Inform that only says that the device is there. */
export function isIdleInform(message: Envelope['body']): boolean {
  return message.kind === 'inform' && message.events.every(({ code }) => IDLE_EVENTS.has(code))
}

function bodyOf(text: string): string {
  return masked(text.slice(0, MAX_BODY)).slice(0, MAX_BODY)
}
