import type { IncomingMessage } from 'node:http'
import { judgeConditions, mayGoOn } from './conditional.ts'
import type { Image } from './image-memory.ts'
import { type AskedRange, parseRange } from './parse-range.ts'

type Headers = Record<string, string | number>

/** What a request that was let in is answered. */
export type Plan =
  | { readonly kind: 'head_alone'; readonly status: 200 | 304 | 412 | 416; readonly headers: Headers }
  | {
      readonly kind: 'bytes'
      readonly status: 200 | 206
      readonly headers: Headers
      readonly first: number
      readonly last: number
      /** So many bytes, from the first on, the device says it holds already. */
      readonly vouchedFor: number
    }

/** By RFC 9110 13.2.2: preconditions, then the range, of GET alone (14.2). */
export function planAnswer(request: IncomingMessage, { sha256, size }: Image): Plan {
  const etag = `"${sha256}"`
  const headers: Headers = {
    'accept-ranges': 'bytes',
    etag,
    'content-type': 'application/octet-stream',
    // The same URL holds for one attempt alone, and the content must be fetched each time (TR-069 A.3.2.8).
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  }
  const judged = judgeConditions(request.headers, etag)
  if (judged === 'not_modified') return { kind: 'head_alone', status: 304, headers }
  if (judged === 'failed') return { kind: 'head_alone', status: 412, headers: { ...headers, 'content-length': 0 } }
  if (request.method === 'HEAD') {
    return { kind: 'head_alone', status: 200, headers: { ...headers, 'content-length': size } }
  }
  const asked = askedRange(request, etag, size)
  if (asked.kind === 'unsatisfiable') {
    const unsatisfied = { ...headers, 'content-range': `bytes */${size}`, 'content-length': 0 }
    return { kind: 'head_alone', status: 416, headers: unsatisfied }
  }
  if (asked.kind === 'whole') {
    const whole = { ...headers, 'content-length': size }
    return { kind: 'bytes', status: 200, headers: whole, first: 0, last: size - 1, vouchedFor: 0 }
  }
  const { first, last } = asked
  const part = { ...headers, 'content-length': last - first + 1, 'content-range': `bytes ${first}-${last}/${size}` }
  return { kind: 'bytes', status: 206, headers: part, first, last, vouchedFor: vouches(request, etag) ? first : 0 }
}

function askedRange({ headers }: IncomingMessage, etag: string, size: number): AskedRange {
  return mayGoOn(headers, etag) ? parseRange(headers.range, size) : { kind: 'whole' }
}

/**
 * Whether the device says that it holds all of this very image up to where it goes on: our own ETag in If-Range, and a
 * range without an end. That is how a transfer goes on at another replica, which cannot know of the first part. A range
 * alone says nothing of the kind: it may be a look at the end of the file, and a false last byte would have the machine
 * judge a device that has no image yet. Where it stays untold, TransferComplete and the version tell the same later.
 */
function vouches({ headers }: IncomingMessage, etag: string): boolean {
  return headers['if-range'] === etag && /^bytes=[ \t,]*\d+-[ \t,]*$/i.test(headers.range ?? '')
}
