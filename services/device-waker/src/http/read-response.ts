export interface CpeResponse {
  readonly status: number
  /** Values of WWW-Authenticate, unfolded, in order. */
  readonly challenges: readonly string[]
  /** Bytes up to the end of the body, where its length is known. */
  readonly length: number | null
  /** Whether another request may follow on the connection once the body has passed. */
  readonly keepsOpen: boolean
}

export type ReadResponse =
  | { readonly kind: 'response'; readonly response: CpeResponse }
  | { readonly kind: 'more' }
  | { readonly kind: 'malformed' }

/** All bytes of a response that are looked at, body included. */
export const MAX_RESPONSE_BYTES = 16 * 1024
const MAX_HEADERS = 100

/**
 * Reads what a CPE answers to a connection request. Lines may end in a bare LF, headers may be folded over lines
 * (RFC 7230 3.2.4), blanks may stand before a colon, and the reason may be missing: there are CPE for each of these.
 * `ended`: no more bytes will come, so that headers without the empty line behind them are taken too.
 */
export function readResponse(bytes: Buffer, ended = false): ReadResponse {
  const text = bytes.subarray(0, MAX_RESPONSE_BYTES).toString('latin1')
  const start = text.search(/[^\r\n]/)
  if (start === -1) return { kind: ended || bytes.length >= MAX_RESPONSE_BYTES ? 'malformed' : 'more' }
  const end = /\r?\n\r?\n/.exec(text.slice(start))
  if (end === null && !ended) return { kind: bytes.length >= MAX_RESPONSE_BYTES ? 'malformed' : 'more' }
  const headEnd = end === null ? text.length : start + end.index
  const [statusLine = '', ...lines] = unfold(text.slice(start, headEnd))
  const status = /^HTTP\/(\d)\.(\d)\s+([1-5]\d\d)(?:\D|$)/i.exec(statusLine)
  if (status === null || lines.length > MAX_HEADERS) return { kind: 'malformed' }
  const headers = lines.map(splitHeader)
  const valuesOf = (name: string) => headers.filter((header) => header.name === name).map(({ value }) => value)
  const bodyStart = end === null ? text.length : headEnd + end[0].length
  const code = Number(status[3])
  const response = {
    status: code,
    challenges: valuesOf('www-authenticate'),
    length: lengthOf(code, valuesOf('content-length'), valuesOf('transfer-encoding'), bodyStart),
    keepsOpen: keepsOpen(`${status[1]}.${status[2]}`, valuesOf('connection').join(',')),
  }
  return { kind: 'response', response }
}

/** Physical lines to logical ones: a line that starts with a blank goes on with the one before. */
function unfold(head: string): string[] {
  const lines: string[] = []
  for (const line of head.split(/\r?\n/)) {
    if (/^[ \t]/.test(line) && lines.length > 1) lines[lines.length - 1] += ` ${line.trim()}`
    else lines.push(line)
  }
  return lines
}

function splitHeader(line: string): { name: string; value: string } {
  const colon = line.indexOf(':')
  if (colon === -1) return { name: '', value: '' }
  return { name: line.slice(0, colon).trim().toLowerCase(), value: line.slice(colon + 1).trim() }
}

function lengthOf(
  status: number,
  lengths: readonly string[],
  encodings: readonly string[],
  bodyStart: number,
): number | null {
  if (status === 204 || status === 304) return bodyStart
  const [first = ''] = lengths
  if (encodings.length > 0 || lengths.some((one) => one !== first) || !/^\d{1,6}$/.test(first)) return null
  return bodyStart + Number(first)
}

function keepsOpen(version: string, connection: string): boolean {
  const said = connection.toLowerCase()
  return version === '1.1' ? !said.includes('close') : said.includes('keep-alive')
}
