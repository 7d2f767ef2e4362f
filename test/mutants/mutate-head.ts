import { deflateSync, gzipSync } from 'node:zlib'
import { type Dice, oneOf } from './dice.ts'
import { chunked, type Request, withLength, written } from './request.ts'

type Change = (request: Request, dice: Dice, other: Request) => Buffer

/** Its length is true all the same: each is one request, and has one answer. */
export const headChanges = {
  charset: (request, dice) => {
    const charset = oneOf(dice, CHARSETS)
    const body = dice(3) === 0 ? transcoded(request.body, dice) : request.body
    return withLength({ ...request, ...replaced(request, 'content-type', `text/xml; charset=${charset}`), body })
  },
  coding: (request, dice) => {
    const coding = oneOf(dice, CODINGS)
    const headers = [...request.headers, `Content-Encoding: ${coding}`]
    return withLength({ ...request, headers, body: packed(request.body, dice) })
  },
  chunks: (request, dice) =>
    chunked(request, oneOf(dice, [[1], [1, 2, 3, 5, 8, 1_000], [7, 65_536], [4_096]]), oneOf(dice, EXTENSIONS)),
  cookie: (request, dice) => {
    const own = request.headers.find((line) => line.startsWith('Cookie:')) ?? ''
    const cookie = oneOf(dice, COOKIES)(own.slice('Cookie: '.length), dice)
    const headers = request.headers.filter((line) => line !== own)
    return withLength({ ...request, headers: [...headers, `Cookie: ${cookie}`] })
  },
  credentials: (request, dice) => {
    const own = request.headers.find((line) => line.startsWith('Authorization:')) ?? ''
    const headers = request.headers.filter((line) => line !== own)
    return withLength({ ...request, headers: [...headers, `Authorization: ${oneOf(dice, AUTHORIZATIONS)(own, dice)}`] })
  },
  header: (request, dice) => withLength({ ...request, headers: [...request.headers, oneOf(dice, HEADERS)] }),
  target: (request, dice) => withLength({ ...request, line: oneOf(dice, LINES) }),
} as const satisfies Record<string, Change>

/** Where it ends is not what it says, or no HTTP says it: an answer, or the end of the connection. */
export const lies = {
  length: ({ line, headers, body }, dice) => {
    const lengths = oneOf(dice, LENGTHS)(body.length, dice)
    return written([line, ...headers, ...lengths.map((length) => `Content-Length: ${length}`)], body)
  },
  transfer: (request, dice) => {
    const { line, headers, body } = request
    const framing = oneOf(dice, TRANSFERS)
    if (dice(2) === 0) return written([line, ...headers, ...framing], body)
    const whole = chunked(request, [1 + dice(500)], '')
    return written([line, ...headers, ...framing], whole.subarray(whole.indexOf('\r\n\r\n') + 4))
  },
  sizes: (request, dice) => {
    const whole = chunked(request, [1 + dice(500)], '').toString('latin1')
    const size = oneOf(dice, SIZES)
    return Buffer.from(whole.replace(/(?<=\r\n)[0-9a-f]+(?=\r\n)/, size), 'latin1')
  },
  truncated: (request, dice) => withoutEnd(request, dice),
  bytes: (request, dice) => {
    const whole = Buffer.from(withLength(request))
    const head = whole.indexOf('\r\n\r\n') + 4
    for (let count = 1 + dice(6); count > 0; count -= 1) whole[dice(head)] = dice(256)
    return whole
  },
  pipelined: (request, dice, other) =>
    Buffer.concat([withLength(request), dice(2) === 0 ? withLength(other) : withoutEnd(other, dice)]),
  oversize: (request, dice) => withLength({ ...request, headers: [...request.headers, ...oneOf(dice, OVERSIZES)] }),
  noise: (_, dice) => oneOf(dice, NOISES)(dice),
} as const satisfies Record<string, Change>

function withoutEnd(request: Request, dice: Dice): Buffer {
  const whole = dice(2) === 0 ? withLength(request) : chunked(request, [1 + dice(500)], '')
  return whole.subarray(0, dice(3) === 0 ? dice(whole.length) : dice(Math.min(600, whole.length)))
}

function replaced({ headers }: Request, name: string, value: string): { readonly headers: readonly string[] } {
  return { headers: [...headers.filter((line) => !line.toLowerCase().startsWith(`${name}:`)), `${name}: ${value}`] }
}

function transcoded(body: Buffer, dice: Dice): Buffer {
  const text = body.toString('latin1')
  const declared = text.replace(/encoding="[^"]*"/, `encoding="${oneOf(dice, CHARSETS)}"`)
  switch (dice(4)) {
    case 0:
      return Buffer.from(`\ufeff${declared}`, 'utf16le')
    case 1:
      return Buffer.from(declared, 'utf16le').swap16()
    case 2:
      return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(declared, 'latin1')])
    default:
      return Buffer.from(declared.replaceAll(/(?<=>)[^<>]+(?=<\/)/g, '\xe9\xe8\x80'), 'latin1')
  }
}

function packed(body: Buffer, dice: Dice): Buffer {
  const bytes = dice(16) === 0 ? Buffer.concat([body, Buffer.alloc(3_000_000, ' ')]) : body
  const whole = dice(2) === 0 ? gzipSync(bytes, { level: 1 }) : deflateSync(bytes, { level: 1 })
  switch (dice(5)) {
    case 0:
      return body
    case 1:
      return whole.subarray(0, dice(whole.length))
    case 2:
      return Buffer.concat([whole, whole])
    case 3: {
      const flipped = Buffer.from(whole)
      flipped[dice(flipped.length)]! ^= 1 << dice(8)
      return flipped
    }
    default:
      return whole
  }
}

const CHARSETS = [
  'utf-8', '"utf-8"', 'UTF8', 'iso-8859-1', 'us-ascii', 'utf-16', 'utf-16le', 'utf-7', 'gb2312', 'windows-1252', 'shift_jis', 'none', '',
  'utf-8; charset=iso-8859-1', 'x'.repeat(500), '../x',
] as const // prettier-ignore

const CODINGS = ['gzip', 'x-gzip', 'deflate', 'GZIP', 'identity', 'br', 'gzip, gzip', 'zstd', '', 'x'] as const

const EXTENSIONS = ['', '', ';a=b', ';a="b c"', ' ', `;${'x'.repeat(200)}`] as const

type Text = (own: string, dice: Dice) => string

const COOKIES: readonly Text[] = [
  () => '',
  (own) => `${own}; ${own}`,
  (own) => `a=b; ${own.toUpperCase()}`,
  (own) => `$Version="1"; ${own}; $Path="/"`,
  (own, dice) => own.slice(0, dice(own.length + 1)),
  (own, dice) => own.slice(0, -1) + oneOf(dice, ['A', 'g', '=', '"', '.', ' ']),
  (own) => `"${own}"`,
  () => `sluice=dev_${'a'.repeat(26)}.${'A'.repeat(22)}`,
  () => 'sluice=dev_*.>; sluice=__proto__.x',
  () => `sluice=${'x'.repeat(4_200)}`,
  () => ';'.repeat(2_000),
  () => 'sluice=\xe9\xff',
]

const AUTHORIZATIONS: readonly Text[] = [
  () => 'Digest',
  () => `Basic ${Buffer.from('02BE7C-BenchBox-B0000001:x').toString('base64')}`,
  () => 'Basic !!!!',
  () => 'Bearer x',
  () => `Digest username="${'x'.repeat(3_000)}", realm="sluice", nonce="x", uri="/", response="x"`,
  () => 'Digest username="02BE7C-BenchBox-B0000001", realm="sluice", nonce="", uri="/", response=""',
  () => `Digest ${','.repeat(3_000)}`,
  () => 'Digest username="a"b", realm=',
  (own, dice) => own.slice(15, 15 + dice(own.length)),
  (own) => own.slice(15).replace(/nc=[0-9a-f]+/, 'nc=ffffffff'),
  (own) => own.slice(15).replace(/username="[^"]*"/, 'username="02BE7C-%00-%zz"'),
  (own) => own.slice(15).replaceAll('"', ''),
  (own) => `${own.slice(15)}, ${own.slice(22)}`,
]

const HEADERS = [
  'Expect: 100-continue', 'Expect: a miracle', 'Connection: close', 'Connection: upgrade\r\nUpgrade: websocket', 'Connection: Keep-Alive, close, x',
  'Content-Type: application/json', 'Content-Type: ', 'Content-Type: text/xml;;;=', 'Content-Type: multipart/form-data; boundary=x',
  'SOAPAction: "x"', 'X-Forwarded-For: 192.0.2.1', 'Forwarded: for="_x"', 'Via: 1.0 x', `X-A: ${'x'.repeat(6_000)}`, 'X-A: \xe9\xff',
  'X-A: a\tb', 'Host: ', 'Host: b', 'Accept-Encoding: gzip', 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  'traceparent: x', 'Range: bytes=0-', 'If-Match: *', 'Trailer: X', 'TE: trailers', 'Proxy-Connection: keep-alive', 'Keep-Alive: timeout=999999',
  '__proto__: x', 'Date: yesterday', 'Content-MD5: x', 'User-Agent: ${jndi:x}\x1b',
] as const // prettier-ignore

const LINES = [
  'POST /acs HTTP/1.1', 'POST http://127.0.0.1/ HTTP/1.1', 'POST //x HTTP/1.1', 'POST /../../x?a=b#c HTTP/1.1', `POST /${'x'.repeat(4_000)} HTTP/1.1`,
  'POST / HTTP/1.0', 'PUT / HTTP/1.1', 'GET / HTTP/1.1', 'DELETE / HTTP/1.1', 'OPTIONS * HTTP/1.1', 'HEAD / HTTP/1.1', 'TRACE / HTTP/1.1',
  'M-SEARCH * HTTP/1.1', 'POST /%00%0d%0a HTTP/1.1', 'POST /metrics HTTP/1.1', 'PROPFIND / HTTP/1.1',
] as const // prettier-ignore

const LENGTHS: readonly ((length: number, dice: Dice) => readonly (number | string)[])[] = [
  (length, dice) => [length + 1 + dice(5_000)],
  (length, dice) => [dice(length + 1)],
  (length) => [length, length + 1],
  (length) => [length, length],
  () => [-1],
  () => ['0x10'],
  () => ['1e3'],
  () => [''],
  () => ['9'.repeat(30)],
  () => [131_073],
  () => [4_294_967_296],
  (length) => [`${length}, ${length}`],
  (length) => [`+${length}`],
  () => [],
]

const TRANSFERS = [
  ['Transfer-Encoding: chunked', 'Content-Length: 5'],
  ['Content-Length: 0', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: x'],
  ['Transfer-Encoding: chunked, x'],
  ['Transfer-Encoding: gzip, chunked'],
  ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
  ['Transfer-Encoding : chunked'],
  ['Transfer-Encoding:\tchunked'],
  ['Transfer-Encoding: \x0bchunked'],
  [' Transfer-Encoding: chunked'],
  ['X-A: b\nTransfer-Encoding: chunked'],
  ['Transfer-Encoding: chunked'],
] as const

const SIZES = [
  '',
  '-1',
  '0',
  '00000000000000000001',
  'fffffff',
  'ffffffffffffffffff',
  'g',
  '5 5',
  '0x5',
  '\x0b5',
  `1;${'x'.repeat(20_000)}`,
] as const

const OVERSIZES = [
  Array.from({ length: 3_000 }, (_, at) => `X-${at}: y`),
  [`X-A: ${'x'.repeat(20_000)}`],
  Array.from({ length: 1_200 }, () => 'A: b'),
  ['X-A: b\r\n c'],
  ['X-A: \0'],
  ['no colon'],
  [': x'],
  ['X A: b'],
] as const

const NOISES: readonly ((dice: Dice) => Buffer)[] = [
  (dice) => Buffer.from(Array.from({ length: 1 + dice(2_000) }, () => dice(256))),
  () => Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
  () => Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  () => Buffer.from('\r\n'.repeat(2_000)),
  () => Buffer.from('CONNECT 192.0.2.1:80 HTTP/1.1\r\nHost: a\r\n\r\n'),
  () => Buffer.from('POST / HTTP/1.1\nHost: a\nContent-Length: 0\n\n'),
  () => Buffer.from('POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n'),
  () => Buffer.from('POST / HTTP/9.9\r\nHost: a\r\n\r\n'),
  () => Buffer.from('GET /\r\n\r\n'),
  () => Buffer.from('<?xml version="1.0"?><a/>'),
  () => Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
]
