import type { IncomingMessage } from 'node:http'

export type Refused = { readonly kind: 'refused'; readonly detail: string }

export type FetchedSource =
  | {
      readonly kind: 'open'
      readonly body: IncomingMessage
      /**
       * The answer says where it ends. Otherwise it ends with its connection, and one that broke off looks as one that
       * is whole (RFC 9112 6.3).
       */
      readonly framed: boolean
    }
  /** It will not be better next time. */
  | Refused
  /** It may be. */
  | { readonly kind: 'failed'; readonly detail: string }

/** What a final answer is good for. The image is what is sent, byte for byte: nothing is ever decoded. */
export function readAnswer(response: IncomingMessage, host: string, maxBytes: number): FetchedSource {
  const status = response.statusCode ?? 0
  if (status >= 500 || status === 429 || status === 408) return { kind: 'failed', detail: `${host} answered ${status}` }
  if (status !== 200) return { kind: 'refused', detail: `${host} answered ${status}` }
  const { headers } = response
  // The names of codings have no case (RFC 9110 8.4.1, RFC 9112 7).
  const coded = (headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity'
  // Node takes off `chunked` alone (RFC 9112 6.1).
  if (coded || (headers['transfer-encoding'] ?? 'chunked').toLowerCase() !== 'chunked') {
    return { kind: 'refused', detail: 'the image comes with a coding nobody asked for' }
  }
  if (Number(headers['content-length'] ?? 0) > maxBytes)
    return { kind: 'refused', detail: `more than ${maxBytes} bytes` }
  const framed = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
  return { kind: 'open', body: response, framed }
}
