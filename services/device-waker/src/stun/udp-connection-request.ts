import { createHmac } from 'node:crypto'

export interface UdpConnectionRequest {
  /** `host:port`, without the port where it is 80. */
  readonly authority: string
  /** Seconds since 1970, greater than in any request this device took before. */
  readonly timestamp: number
  readonly messageId: number
  readonly username: string
  readonly password: string
  readonly cnonce: string
}

/** One datagram (TR-069 G.2.2.3): all copies of a request are the same to the byte. */
export function encodeUdpConnectionRequest(request: UdpConnectionRequest): Buffer {
  const { authority, timestamp, messageId, username, password, cnonce } = request
  const text = `${timestamp}${messageId}${username}${cnonce}`
  const query = new URLSearchParams({
    ts: String(timestamp),
    id: String(messageId),
    un: username,
    cn: cnonce,
    sig: createHmac('sha1', password).update(text).digest('hex').toUpperCase(),
  })
  return Buffer.from(`GET http://${authority}?${query.toString()} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`)
}

/** `host[:port]` as UDPConnectionRequestAddress has it; 80 where none is said (G.2.2.2.2). Null for anything else. */
export function readUdpAddress(text: string): { readonly host: string; readonly port: number } | null {
  const [, bracketed, port = '80'] =
    /^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::(\d{1,5}))?$/.exec(text.trim()) ?? []
  return bracketed === undefined ? null : { host: bracketed.replace(/^\[(.*)\]$/, '$1'), port: Number(port) }
}
