import { type Notification, readNotification } from './read-notification.ts'

export interface SignedNotification {
  readonly notification: Notification
  /** The signed octets (TR-069 M.2.3). */
  readonly body: Buffer
  /** 40 hexadecimal digits, lower case. */
  readonly signature: string
}

export type ParsedNotification =
  | { readonly kind: 'parsed'; readonly signed: SignedNotification }
  | { readonly kind: 'malformed'; readonly detail: string }

/** Far more than a datagram that passes unfragmented. */
const MAX_DATAGRAM_BYTES = 16 * 1024
const MAX_HEAD_BYTES = 2 * 1024
const HEADERS = ['host', 'content-type', 'content-length', 'signature'] as const
type Header = (typeof HEADERS)[number]

/** Reads one datagram: an HTTP POST to `/` with the four headers of M.2.3 and no other, and the XML in it. */
export function parseNotification(datagram: Buffer): ParsedNotification {
  if (datagram.length > MAX_DATAGRAM_BYTES) return malformed('too large')
  const headEnd = datagram.indexOf('\r\n\r\n')
  if (headEnd === -1 || headEnd > MAX_HEAD_BYTES) return malformed('no end of its headers')
  const [requestLine, ...lines] = datagram.toString('latin1', 0, headEnd).split('\r\n')
  if (requestLine !== 'POST / HTTP/1.1') return malformed('its request line')
  const headers = readHeaders(lines)
  if (headers === null) return malformed('its headers')
  const body = datagram.subarray(headEnd + 4)
  if (!/^\d{1,6}$/.test(headers['content-length']) || Number(headers['content-length']) !== body.length)
    return malformed('its length')
  if (!/^text\/xml\s*;\s*charset\s*=\s*"?utf-8"?$/i.test(headers['content-type'])) return malformed('its content type')
  if (!/^[0-9a-f]{40}$/i.test(headers.signature)) return malformed('its signature')
  const read = readNotification(body)
  if (read.kind === 'malformed') return read
  const signature = headers.signature.toLowerCase()
  return { kind: 'parsed', signed: { notification: read.notification, body: Buffer.from(body), signature } }
}

/** Each of the four once (M.2.3). */
function readHeaders(lines: readonly string[]): Record<Header, string> | null {
  const found = new Map<string, string>()
  for (const line of lines) {
    const [, name = '', value = ''] = /^([A-Za-z-]{1,32}):[ \t]*([\x20-\x7e\t]*)$/.exec(line) ?? []
    if (found.has(name.toLowerCase())) return null
    found.set(name.toLowerCase(), value.trimEnd())
  }
  if (found.size !== HEADERS.length || !HEADERS.every((name) => found.has(name))) return null
  return Object.fromEntries(found) as Record<Header, string>
}

function malformed(detail: string): ParsedNotification {
  return { kind: 'malformed', detail }
}
