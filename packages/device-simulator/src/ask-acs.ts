import type { AcsLine } from './acs-line.ts'
import { readAcsMessages, type AcsMessage } from './acs-message.ts'
import type { Cpe } from './cpe.ts'
import { disfigure } from './disfigure.ts'
import type { Faults } from './faults.ts'
import type { HttpAnswer } from './http-exchange.ts'
import { envelope } from './write-soap.ts'

export class SessionFailed extends Error {
  readonly reason: string
  /** What Retry-After asked for. */
  readonly retryAfterSeconds: number
  constructor(reason: string, retryAfterSeconds = 0) {
    super(reason)
    this.name = 'SessionFailed'
    this.reason = reason
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** Posts envelopes and reads what comes back. Throws SessionFailed. */
export type Ask = (body: string) => Promise<[AcsMessage, ...AcsMessage[]]>

export function askOver(line: AcsLine, { demands }: Faults): Ask {
  return async (body) => {
    const answer = await line.post(body)
    if (answer.status >= 300) throw new SessionFailed(`http_${answer.status}`, retryAfterOf(answer))
    if (!answer.complete) throw new SessionFailed('cut')
    if (demands !== undefined && !meets(demands, answer)) throw new SessionFailed(`demands_${demands}`)
    const messages = readAcsMessages(answer.body.toString('utf8'))
    if (messages.some(({ kind }) => kind === 'unreadable')) throw new SessionFailed('unreadable')
    return messages
  }
}

/** Clients that are not as tolerant as they should be. An empty answer is judged by its headers alone. */
function meets(demand: NonNullable<Faults['demands']>, { headers, body }: HttpAnswer): boolean {
  const text = body.toString('utf8')
  if (demand === 'content_length') return headers['content-length'] !== undefined
  if (text.trim() === '') return true
  if (demand === 'cwmp_prefix') return /:Body[^>]*>\s*<(?:cwmp:|[\w-]+:Fault)/.test(text)
  if (demand === 'plain_children') return !/:Body[^>]*>\s*<cwmp:\w+[^>]*>\s*<[\w-]+:/.test(text)
  return text.trimStart().startsWith('<?xml') === (demand === 'declaration')
}

/** Seconds or a date (RFC 9110 10.2.3). */
function retryAfterOf({ status, headers }: HttpAnswer): number {
  const text = headers['retry-after'] ?? ''
  if (status !== 503 || text === '') return 0
  if (/^\d+$/.test(text)) return Number(text)
  const seconds = (Date.parse(text) - Date.now()) / 1000
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0
}

/** An envelope as this device writes it, with what it was ordered to do wrong. `id`: of the call that is answered. */
export function write(cpe: Cpe, content: string, id?: string, headers = ''): string {
  cpe.messageCount += 1
  return disfigure(cpe.settings.faults, envelope(cpe.namespace, id ?? String(cpe.messageCount), content, headers))
}
