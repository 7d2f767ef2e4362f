import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { log } from '../testing/transports.ts'
import { badRequest, nothing, type Reply, soap } from './reply.ts'
import { type CwmpServer, type Post, startCwmpServer } from './server.ts'

let server: CwmpServer
let posts: Post[] = []
let answer: () => Promise<Reply> = async () => nothing()
let draining = false
const sockets: Socket[] = []

beforeAll(async () => {
  server = await startCwmpServer({
    settings: { host: '127.0.0.1', port: 0, bodyLimit: 4_096, requestTimeoutMs: 1_000, connectionSessions: true },
    log,
    isDraining: () => draining,
    answer: (post) => {
      posts.push(post)
      return answer()
    },
    abandon: async (_, reason) => badRequest(reason),
  })
})
afterEach(() => {
  posts = []
  answer = async () => nothing()
  sockets.splice(0).forEach((socket) => socket.destroy())
})
afterAll(() => server.close())

/** Writes these bytes and reads until the server closes, or has been silent for a while. */
async function exchange(text: string, { quietMs = 150 } = {}): Promise<string> {
  const socket = connect(server.port, '127.0.0.1')
  sockets.push(socket)
  await once(socket, 'connect')
  socket.write(text)
  return readOn(socket, quietMs)
}

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

test('HTTP/1.0 is answered and closed', async () => {
  expect(await exchange('POST / HTTP/1.0\r\nContent-Length: 4\r\n\r\n<a/>')).toMatch(
    /^HTTP\/1\.1 204[^]*connection: close/i,
  )
})

test('two POSTs on one connection are answered in turn', async () => {
  const heard = await exchange(post('<a/>') + post('<b/>'))
  expect(heard.match(/HTTP\/1\.1 204/g)).toHaveLength(2)
})

test('any path is taken', async () => {
  for (const path of ['/', '/acs?x=1', '/%zz', '//', '/a'.repeat(500)]) {
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
])('a body beyond the limit, %s, is 400 and the connection closed', async (_, text) => {
  expect(await exchange(text)).toMatch(/^HTTP\/1\.1 400[^]*connection: close[^]*too_large/i)
  expect(posts).toEqual([])
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
])('%s is a plain 400', async (_, text) => {
  const heard = await exchange(text)
  expect(heard).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
  expect(heard).not.toContain('{')
  expect(posts).toEqual([])
})

test.each([
  ['head', 'POST / HTTP/1.1\r\nHost: a\r\n'],
  ['body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc'],
])('a %s that does not come to its end is given up', async (_, text) => {
  expect(await exchange(text)).toMatch(/^HTTP\/1\.1 408/)
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
  expect(posts.map(({ boundSession }) => boundSession?.deviceKey)).toEqual([
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
  const own = await startCwmpServer({
    settings: { host: '127.0.0.1', port: 0, bodyLimit: 4_096, requestTimeoutMs: 5_000, connectionSessions: true },
    log,
    isDraining: () => draining,
    answer: async () => {
      await promise
      return nothing()
    },
    abandon: async (_, reason) => badRequest(reason),
  })
  const socket = connect(own.port, '127.0.0.1')
  sockets.push(socket)
  socket.write(post('<a/>'))
  const heard = readOn(socket, 5_000)
  await new Promise((wait) => setTimeout(wait, 100))
  draining = true
  const closed = own.close()
  resolve()
  await closed
  draining = false
  expect(await heard).toMatch(/^HTTP\/1\.1 204[^]*connection: close/i)
})
