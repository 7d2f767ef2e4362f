import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { waitUntil } from '@sluice/testbed'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { systemClock } from '@sluice/runtime'
import { defaultSettings } from '../config.ts'
import { log } from '../testing/transports.ts'
import { failed, nothing, type Reply, soap, unauthorized } from './reply.ts'
import { type CwmpServer, type PostBody, type PostHead, type ServerSettings, startCwmpServer } from './server.ts'

let server: CwmpServer
let heads: PostHead[] = []
let posts: PostBody[] = []
let abandoned: (string | undefined)[] = []
/** What a head is refused with. */
let refusal: Reply | null = null
let answer: () => Promise<Reply> = async () => nothing()
let draining = false
let asked = 0
let inSession: () => boolean = () => false
const sockets: Socket[] = []

const start = (settings: Partial<ServerSettings> = {}): Promise<CwmpServer> =>
  startCwmpServer({
    settings: {
      ...defaultSettings,
      port: 0,
      bodyLimit: 4_096,
      sessionBodyLimit: 16_384,
      requestTimeoutMs: 1_000,
      connectionSessions: true,
      ...settings,
    },
    clock: systemClock,
    log,
    isDraining: () => draining,
    admit: (head) => {
      heads.push(head)
      if (refusal !== null) return { kind: 'refused', reply: refusal }
      return {
        kind: 'admitted',
        isInSession: async () => (asked += 1) > 0 && inSession(),
        answer: (post) => {
          posts.push(post)
          return answer()
        },
        abandon: async (reply) => {
          abandoned.push(reply.reason)
          return reply
        },
      }
    },
    translate: () => failed(),
    answered: () => {},
  })
beforeAll(async () => {
  server = await start()
})
afterEach(() => {
  heads = []
  posts = []
  abandoned = []
  refusal = null
  asked = 0
  inSession = () => false
  answer = async () => nothing()
  sockets.splice(0).forEach((socket) => socket.destroy())
})
afterAll(() => server.close())

/** Writes these bytes and reads until the server closes, or has been silent for a while. */
async function exchange(text: string | Buffer, { quietMs = 150, port = server.port } = {}): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  await once(socket, 'connect')
  socket.write(text)
  return readOn(socket, quietMs)
}

/** Where more than one answer comes: none of them is taken for the last too early. */
const PATIENT = { quietMs: 1_000 }

function readOn(socket: Socket, quietMs: number): Promise<string> {
  return new Promise((resolve) => {
    let heard = ''
    const done = () => resolve(heard)
    let quiet = setTimeout(done, 3_000)
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString()
      clearTimeout(quiet)
      quiet = setTimeout(done, quietMs)
    })
    socket.on('close', done)
    socket.on('error', done)
  })
}

const post = (body: string, ...headers: string[]) =>
  ['POST /acs HTTP/1.1', 'Host: acs', `Content-Length: ${Buffer.byteLength(body)}`, ...headers, '', body].join('\r\n')
const bodyOf = (index = 0) => Buffer.from(posts[index]!.body).toString()

test('every reply has a Content-Length, 204 included', async () => {
  expect(await exchange(post(''))).toMatch(/^HTTP\/1\.1 204 No Content\r\n(?=[^]*content-length: 0\r\n)/i)
  answer = async () => soap('<ä/>', { cookie: 'sluice=x' })
  const heard = await exchange(post('x'))
  expect(heard).toMatch(/content-length: 5\r\n/i)
  expect(heard).toMatch(/content-type: text\/xml; charset=utf-8\r\n/i)
  expect(heard).toMatch(/set-cookie: sluice=x\r\n/i)
})

test.each([
  ['without a Content-Type', []],
  ['with an empty Content-Type', ['Content-Type:']],
  ['with an unreadable Content-Type', ['Content-Type: ;;;=']],
  ['with text/html', ['Content-Type: text/html']],
  ['with JSON', ['Content-Type: application/json']],
])('a body %s is read', async (_, headers) => {
  expect(await exchange(post('<a/>', ...headers))).toMatch(/^HTTP\/1\.1 204/)
  expect(bodyOf()).toBe('<a/>')
})

test('the Content-Type a CPE wrote reaches the reader of the body', async () => {
  await exchange(post('<a/>', 'Content-Type: text/xml; charset=ISO-8859-1'))
  expect(posts[0]!.contentType).toBe('text/xml; charset=ISO-8859-1')
})

test.each([
  ['without a Content-Type', []],
  ['with one', ['Content-Type: text/xml']],
])('an empty POST %s has an empty body', async (_, headers) => {
  await exchange(post('', ...headers))
  expect(posts[0]!.body).toHaveLength(0)
})

test('chunked bodies, the empty one included, are read', async () => {
  const head = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
  await exchange(`${head}3\r\n<a/\r\n1\r\n>\r\n0\r\n\r\n`)
  await exchange(`${head}0\r\n\r\n`)
  expect([bodyOf(0), bodyOf(1)]).toEqual(['<a/>', ''])
})

test('quirk 43: HTTP/1.0 is answered and closed, and kept where the CPE asks for it', async () => {
  const old = (header: string) => `POST / HTTP/1.0\r\n${header}Content-Length: 4\r\n\r\n<a/>`
  expect(await exchange(old(''))).toMatch(/^HTTP\/1\.1 204[^]*connection: close/i)
  expect(
    (await exchange(old('Connection: keep-alive\r\n').repeat(2), PATIENT)).match(/204 [^]*?keep-alive/gi),
  ).toHaveLength(2)
})

test('quirk 43: Connection: close is answered and closed', async () => {
  const heard = await exchange(post('<a/>', 'Connection: close'))
  expect(heard).toMatch(/^HTTP\/1\.1 204[^]*connection: close/i)
})

test('Expect: 100-continue is told to go on, and answered', async () => {
  const socket = connect(server.port, '127.0.0.1')
  sockets.push(socket)
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n')
  expect(await readOn(socket, 150)).toMatch(/^HTTP\/1\.1 100 Continue\r\n/)
  socket.write('<a/>')
  expect(await readOn(socket, 150)).toMatch(/^HTTP\/1\.1 204/)
})

test('two POSTs on one connection are answered in turn', async () => {
  const heard = await exchange(post('<a/>') + post('<b/>'), PATIENT)
  expect(heard.match(/HTTP\/1\.1 204/g)).toHaveLength(2)
})

test('any path is taken', async () => {
  for (const path of ['/', '/acs?x=1', '/%zz', '//', '/a'.repeat(500), 'http://acs.example:7547/acs', '*']) {
    expect(await exchange(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 204/)
  }
})

test.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND'])('%s is not allowed', async (method) => {
  const heard = await exchange(`${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`)
  expect(heard).toMatch(/^HTTP\/1\.1 405[^]*allow: POST\r\n/i)
  expect(posts).toEqual([])
})

test.each([
  ['announced', post('x'.repeat(4_097))],
  [
    'chunked',
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1001\r\n${'x'.repeat(4_097)}\r\n0\r\n\r\n`,
  ],
])('bad input 28: a body beyond the limit, %s, is 413, and its session and connection are over', async (_, text) => {
  expect(await exchange(text)).toMatch(/^HTTP\/1\.1 413(?=[^]*connection: close)(?=[^]*content-length: 0)/i)
  expect([posts, abandoned]).toEqual([[], ['body_too_large']])
})

const chunkedPost = (body: string) =>
  `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
const longWays = [
  ['announced', (bytes: number) => post('x'.repeat(bytes))],
  ['chunked', (bytes: number) => chunkedPost('x'.repeat(bytes))],
  ['compressed', (bytes: number) => packed('gzip', gzipSync(Buffer.alloc(bytes, 'x')))],
] as const

test.each(longWays)(
  'a longer body, %s, is read up to the limit of sessions where it is sent in one',
  async (_, send) => {
    inSession = () => true
    expect(await exchange(send(16_384))).toMatch(/^HTTP\/1\.1 204/)
    expect([bodyOf().length, asked]).toEqual([16_384, 1])
    expect(await exchange(send(16_385))).toMatch(/^HTTP\/1\.1 413/)
    expect([posts.length, abandoned]).toEqual([1, ['body_too_large']])
  },
)

test.each(longWays)('bad input 28: a longer body, %s, is 413 where it is sent in none', async (_, send) => {
  expect(await exchange(send(16_384))).toMatch(/^HTTP\/1\.1 413/)
  expect([posts, abandoned, asked]).toEqual([[], ['body_too_large'], 1])
  await exchange(post('x'.repeat(4_096)))
  expect(asked).toBe(1)
})

test('where nobody can tell whether it is in a session, the answer to a longer body is that of a failure', async () => {
  inSession = () => {
    throw new Error('the store is away')
  }
  expect(await exchange(post('x'.repeat(5_000)))).toMatch(/^HTTP\/1\.1 500/)
  expect([posts, abandoned]).toEqual([[], []])
})

test('bad input 28: so many long bodies are held at once, and others wait, also behind one that went away', async () => {
  inSession = () => true
  const leave = Promise.withResolvers<Reply>()
  answer = () => leave.promise
  const heard = Array.from({ length: 8 }, () => exchange(post('x'.repeat(16_384)), { quietMs: 3_000 }))
  await waitUntil(() => posts.length === 8)
  const gone = connect(server.port, '127.0.0.1')
  gone.write(post('x'.repeat(16_384)))
  await waitUntil(() => asked === 9)
  gone.destroy()
  const last = exchange(post('x'.repeat(16_384)), { quietMs: 3_000 })
  await waitUntil(() => asked === 10)
  const short = exchange(post('x'), { quietMs: 3_000 })
  await waitUntil(() => posts.some(({ body }) => body.length === 1))
  expect(posts.filter(({ body }) => body.length > 1)).toHaveLength(8)
  leave.resolve(nothing())
  for (const each of await Promise.all([...heard, last, short])) expect(each).toMatch(/^HTTP\/1\.1 204/)
})

test.each([
  [
    'Content-Length and chunked',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde'],
  ['a negative length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -4\r\n\r\n'],
  ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00'],
  ['a control character in a header', 'POST / HTTP/1.1\r\nHost: a\r\nX: a\x01b\r\n\r\n'],
  ['three codings of transfer', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n'],
  ['a length that is no number', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x4\r\n\r\nabcd'],
  ['a folded header', 'POST / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n'],
  ['bare line feeds', 'POST / HTTP/1.1\nHost: a\nContent-Length: 0\n\n'],
  ['a blank before the colon', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 0\r\n\r\n'],
  ['no Host', 'POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n'],
  ['another version of HTTP', 'POST / HTTP/3.0\r\nHost: a\r\nContent-Length: 0\r\n\r\n'],
])('bad input 29: %s is a plain 400 with a Content-Length', async (_, text) => {
  const heard = await exchange(text)
  expect(heard).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n(?=[^]*content-length: \d+\r\n)/i)
  expect(heard).not.toContain('{')
  expect(posts).toEqual([])
})

test.each([
  ['head', 'POST / HTTP/1.1\r\nHost: a\r\n'],
  ['body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc'],
])('bad input 27: a %s that does not come to its end is given up', async (_, text) => {
  expect(await exchange(text)).toMatch(/^HTTP\/1\.1 408/)
  expect(posts).toEqual([])
})

test.each([
  ['head', 'POST / HTTP/1.1\r\nHost: a\r\nX: '],
  ['body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n'],
])('bad input 27: a %s that drips in byte by byte is given up all the same', async (_, text) => {
  const socket = connect(server.port, '127.0.0.1')
  sockets.push(socket)
  socket.write(text)
  const drip = setInterval(() => socket.write('x'), 50)
  const heard = await readOn(socket, 3_000)
  clearInterval(drip)
  expect(heard).toMatch(/^HTTP\/1\.1 408/)
})

test('bad input 28: a head beyond its bound is 431', async () => {
  expect(await exchange(post('', `X: ${'x'.repeat(20_000)}`))).toMatch(/^HTTP\/1\.1 431[^]*content-length: 0/i)
})

test('bad input 28: a chunked body without an end is 413 once it is too long', async () => {
  const socket = connect(server.port, '127.0.0.1')
  sockets.push(socket)
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
  const flood = setInterval(() => socket.write(`400\r\n${'x'.repeat(1_024)}\r\n`), 5)
  const heard = await readOn(socket, 3_000)
  clearInterval(flood)
  expect(heard).toMatch(/^HTTP\/1\.1 413/)
})

test.each([
  ['413', false],
  ['401, where nobody knows it,', true],
])(
  'bad input 28: who sends 40 MB hears %s although it listens only after it has sent some more',
  async (text, isUnknown) => {
    if (isUnknown) refusal = unauthorized('Basic realm="x"', 'no_credentials')
    const socket = connect(server.port, '127.0.0.1')
    sockets.push(socket)
    await once(socket, 'connect')
    let reset: unknown
    socket.pause().on('error', (error) => (reset = error))
    const send = (bytes: Buffer) => new Promise((resolve) => socket.write(bytes, resolve))
    await send(Buffer.from(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 41943040\r\n\r\n`))
    await waitUntil(() => heads.length === 1 && (isUnknown || abandoned.length === 1))
    for (let i = 0; i < 3; i++) await send(Buffer.alloc(4_096)).then(() => new Promise((wait) => setTimeout(wait, 20)))
    expect(reset).toBeUndefined()
    expect(await readOn(socket.resume(), 3_000)).toMatch(new RegExp(`^HTTP/1\\.1 ${text.slice(0, 3)}`))
  },
)

test('a POST whose head is refused is answered once its body has passed, and the connection goes on', async () => {
  refusal = unauthorized('Basic realm="x"', 'no_credentials')
  const heard = await exchange(post('<a/>'.repeat(500)) + post('<b/>'), PATIENT)
  expect(heard.match(/HTTP\/1\.1 401/g)).toHaveLength(2)
  expect(heard).not.toMatch(/connection: close/i)
  expect(heads).toHaveLength(2)
  expect(posts).toEqual([])
})

test('a POST whose head is refused and whose body is too long costs it its connection', async () => {
  refusal = unauthorized('Basic realm="x"', 'no_credentials')
  expect(await exchange(post('x'.repeat(5_000)))).toMatch(/^HTTP\/1\.1 401[^]*connection: close/i)
})

test('more POSTs than may be under way are 503 before anything is looked at, and the ones under way are answered', async () => {
  const own = await start({ maxPosts: 2 })
  const { promise, resolve } = Promise.withResolvers<void>()
  answer = async () => {
    await promise
    return nothing()
  }
  const first = [1, 2].map(() => exchange(post('<a/>'), { port: own.port, quietMs: 3_000 }))
  await waitUntil(() => posts.length === 2)
  const beyond = await exchange(post('<a/>'), { port: own.port })
  expect(beyond).toMatch(/^HTTP\/1\.1 503(?=[^]*retry-after: 30)(?=[^]*connection: close)(?=[^]*content-length: 0)/i)
  expect(heads).toHaveLength(2)
  draining = true
  resolve()
  for (const heard of await Promise.all(first)) expect(heard).toMatch(/^HTTP\/1\.1 204/)
  draining = false
  expect(await exchange(post('<a/>'), { port: own.port })).toMatch(/^HTTP\/1\.1 204/)
  await own.close()
})

test('connections beyond their number are closed', async () => {
  const own = await start({ maxConnections: 1 })
  const port = own.port
  expect(await exchange(post('<a/>'), { port })).toMatch(/^HTTP\/1\.1 204/)
  expect(await exchange(post('<a/>'), { port })).toBe('')
  sockets.splice(0).forEach((socket) => socket.destroy())
  await waitUntil(async () => (await exchange(post('<a/>'), { port })).startsWith('HTTP/1.1 204'))
  await own.close()
})

const compressed: [string, string, (body: string) => Buffer][] = [
  ['gzip', 'gzip', gzipSync],
  ['gzip by its old name', 'X-GZIP', gzipSync],
  ['deflate', 'deflate', deflateSync],
  ['deflate without its header', 'deflate', deflateRawSync],
  ['identity', 'identity', Buffer.from],
]
const packed = (coding: string, bytes: Buffer) =>
  Buffer.concat([
    Buffer.from(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes.length}\r\nContent-Encoding: ${coding}\r\n\r\n`),
    bytes,
  ])

test.each(compressed)('quirk 41: a body in %s is inflated', async (_, coding, pack) => {
  expect(await exchange(packed(coding, pack('<a/>')))).toMatch(/^HTTP\/1\.1 204/)
  expect(bodyOf()).toBe('<a/>')
})

test('a POST that expects what nobody knows is answered as any other, with its length', async () => {
  expect(await exchange(post('<a/>', 'Expect: a miracle'))).toMatch(/^HTTP\/1\.1 204(?=[^]*content-length: 0)/i)
})

test('quirk 41: an empty POST that says it is compressed is empty', async () => {
  expect(await exchange(packed('gzip', Buffer.alloc(0)))).toMatch(/^HTTP\/1\.1 204/)
  expect(bodyOf()).toBe('')
})

test.each(['br', 'compress', 'gzip, gzip'])(
  'bad input 28: Content-Encoding %s is 415, and says what is taken',
  async (coding) => {
    const heard = await exchange(packed(coding, Buffer.from('<a/>')))
    expect(heard).toMatch(/^HTTP\/1\.1 415(?=[^]*accept-encoding: gzip, deflate)(?=[^]*content-length: 0)/i)
    expect(posts).toEqual([])
  },
)

test('bad input 28: what is not compressed as it says is 400, and its session is over', async () => {
  for (const coding of ['gzip', 'deflate']) {
    expect(await exchange(packed(coding, Buffer.from('no such thing')))).toMatch(/^HTTP\/1\.1 400/)
  }
  expect([posts, abandoned]).toEqual([[], ['content_encoding', 'content_encoding']])
})

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
])('bad input 28: a bomb in %s is 413, and is not inflated beyond the limit', async (coding, pack) => {
  const own = await start({ bodyLimit: 500_000 })
  const bomb = pack(Buffer.alloc(120 * 1024 ** 2, 'x'), { level: 9 })
  expect(bomb.length).toBeLessThan(500_000)
  const before = process.memoryUsage().rss
  let highest = before
  const watch = setInterval(() => (highest = Math.max(highest, process.memoryUsage().rss)), 1)
  for (let i = 0; i < 10; i++)
    expect(await exchange(packed(coding, bomb), { port: own.port })).toMatch(/^HTTP\/1\.1 413/)
  clearInterval(watch)
  expect((highest - before) / 1024 ** 2).toBeLessThan(60)
  await own.close()
})

test('a connection bound to a session keeps it until another device informs on it', async () => {
  const bind = (deviceKey: string) => async () => soap('', { bind: { deviceKey, token: 't' } })
  const socket = connect(server.port, '127.0.0.1')
  sockets.push(socket)
  const say = async (text: string) => {
    socket.write(text)
    await readOn(socket, 50)
  }
  answer = bind('dev_a')
  await say(post('inform'))
  await say(post(''))
  await say(post('', 'Cookie: other=1'))
  await say(post('', 'X-Forwarded-For: 192.0.2.1'))
  answer = bind('dev_b')
  await say(post('inform'))
  await say(post(''))
  expect(heads.map(({ boundSession }) => boundSession?.deviceKey)).toEqual([
    undefined,
    'dev_a',
    undefined,
    undefined,
    'dev_a',
    undefined,
  ])
})

test('closing lets requests under way end, and ends their connections', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const own = await start({ requestTimeoutMs: 5_000 })
  answer = async () => {
    await promise
    return nothing()
  }
  const before = posts.length
  const socket = connect(own.port, '127.0.0.1')
  sockets.push(socket)
  socket.write(post('<a/>'))
  const heard = readOn(socket, 5_000)
  await waitUntil(() => posts.length > before)
  draining = true
  const closed = own.close()
  resolve()
  await closed
  draining = false
  expect(await heard).toMatch(/^HTTP\/1\.1 204[^]*connection: close/i)
})
