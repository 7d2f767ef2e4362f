import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, inflate, inflateRaw } from 'node:zlib'

export type Body =
  | { readonly kind: 'read'; readonly bytes: Uint8Array }
  /** More than the limit, as sent or inflated; what is left of it was not read. */
  | { readonly kind: 'too_large' }
  /** Not what its Content-Encoding says. */
  | { readonly kind: 'unreadable' }
  /** The connection ended before the body did. */
  | { readonly kind: 'aborted' }

export type Coding = 'identity' | 'gzip' | 'deflate'

/** Null: one that is not understood, or several. */
export function codingOf(contentEncoding: string | undefined): Coding | null {
  switch (contentEncoding?.trim().toLowerCase() ?? '') {
    case '':
    case 'identity':
      return 'identity'
    case 'gzip':
    case 'x-gzip':
      return 'gzip'
    case 'deflate':
      return 'deflate'
    default:
      return null
  }
}

/**
 * Reads a body of at most `limit` bytes, compressed and not: what inflates beyond it is given up on the way. `more` is asked
 * for a higher limit once a body is longer, before more of it is kept; what it answers holds for all of the body.
 */
export async function readBody(
  request: IncomingMessage,
  coding: Coding,
  limit: number,
  more: () => Promise<number> = () => Promise.resolve(limit),
): Promise<Body> {
  let allowed: Promise<number> | undefined
  const once = () => (allowed ??= more())
  const body = await collect(request, { limit, more: once, keep: true })
  if (body.kind !== 'read' || coding === 'identity' || body.bytes.length === 0) return body
  const unpacked = await unpack(body.bytes, coding, limit)
  if (unpacked.kind !== 'too_large') return unpacked
  const longer = await once()
  return longer > limit ? unpack(body.bytes, coding, longer) : unpacked
}

/** Lets a body pass by, so that the connection can go on. False: it is too long for that. */
export async function discardBody(request: IncomingMessage, limit: number): Promise<boolean> {
  return (await collect(request, { limit, more: () => Promise.resolve(limit), keep: false })).kind === 'read'
}

interface Collecting {
  readonly limit: number
  readonly more: () => Promise<number>
  readonly keep: boolean
}

function collect(request: IncomingMessage, { limit, more, keep }: Collecting): Promise<Body> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const announced = Number(request.headers['content-length'] ?? '0')
    let size = 0
    let allowed = limit
    const onlyUpTo = (longest: number) => {
      allowed = longest
      if (Math.max(size, announced) > allowed) resolve({ kind: 'too_large' })
      else request.resume()
    }
    const askForMore = () => {
      request.pause()
      more().then(onlyUpTo, reject)
    }
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (keep) chunks.push(chunk)
      if (size > allowed) askForMore()
    })
    request.on('end', () => resolve({ kind: 'read', bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) }))
    request.on('error', () => resolve({ kind: 'aborted' }))
    request.on('close', () => resolve({ kind: 'aborted' }))
    if (announced > allowed) askForMore()
  })
}

const unpackers = { gzip: promisify(gunzip), zlib: promisify(inflate), raw: promisify(inflateRaw) }

async function unpack(packed: Uint8Array, coding: 'gzip' | 'deflate', limit: number): Promise<Body> {
  // `deflate` is zlib's format (RFC 9110 8.4.1.2), and there have always been those who send it bare.
  const format = coding === 'gzip' ? 'gzip' : hasZlibHeader(packed) ? 'zlib' : 'raw'
  try {
    return { kind: 'read', bytes: await unpackers[format](packed, { maxOutputLength: limit }) }
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    return { kind: isTooLarge ? 'too_large' : 'unreadable' }
  }
}

/** RFC 1950 2.2: method 8, and a check over both bytes. */
function hasZlibHeader([first = 0, second = 0]: Uint8Array): boolean {
  return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0
}
