import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listenOnLoopback } from '../loopback.ts'
import { waitUntil } from '../wait-until.ts'
import { createFaultProxy, type FaultProxy } from './fault-proxy.ts'

const echo = createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => {})
  socket.pipe(socket)
})
let proxy: FaultProxy
const clients: Socket[] = []

beforeEach(async () => {
  const port = echo.listening ? (echo.address() as { port: number }).port : await listenOnLoopback(echo)
  proxy = await createFaultProxy({ target: `tcp://127.0.0.1:${port}` })
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await proxy.close()
})

function open() {
  const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true })
  clients.push(socket)
  const seen = { text: '', ended: false, error: '' }
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => (seen.text += chunk))
  socket.on('end', () => (seen.ended = true))
  socket.on('error', (error: NodeJS.ErrnoException) => (seen.error = error.code ?? error.message))
  return { socket, seen }
}

test('a healthy line carries bytes both ways and the end of each direction', async () => {
  const { socket, seen } = open()
  const text = 'x'.repeat(300_000)
  socket.end(text)
  await waitUntil(() => seen.ended)
  expect(seen.text).toBe(text)
})

test('a refusing line resets new connections and heals', async () => {
  proxy.set({ refuse: true })
  const refused = open()
  refused.socket.write('hello')
  await waitUntil(() => refused.seen.error !== '')
  proxy.set({})
  const accepted = open()
  accepted.socket.write('hello')
  await waitUntil(() => accepted.seen.text === 'hello')
})

test('a black hole keeps the connection and everything on it until it is healed', async () => {
  const { socket, seen } = open()
  socket.write('a')
  await waitUntil(() => seen.text === 'a')
  proxy.set({ blackhole: true })
  socket.write('b')
  // Another healthy round trip elsewhere is the proof that time for one has passed.
  const other = connect((echo.address() as { port: number }).port, '127.0.0.1')
  clients.push(other)
  other.write('x')
  await once(other, 'data')
  expect(seen).toMatchObject({ text: 'a', ended: false, error: '' })
  proxy.set({})
  await waitUntil(() => seen.text === 'ab')
})

test('reset breaks every open connection', async () => {
  const first = open()
  const second = open()
  first.socket.write('a')
  second.socket.write('a')
  await waitUntil(() => first.seen.text === 'a' && second.seen.text === 'a')
  expect(proxy.connections()).toEqual({ open: 2, total: 2 })
  proxy.reset()
  await waitUntil(() => first.seen.error === 'ECONNRESET' && second.seen.error === 'ECONNRESET')
  expect(proxy.connections().open).toBe(0)
})

test('a cut passes so many bytes of the answer and no more', async () => {
  proxy.set({ cutAfterBytes: 10 })
  const { socket, seen } = open()
  socket.write('0123456789abcdef')
  await waitUntil(() => socket.destroyed)
  expect('0123456789'.startsWith(seen.text)).toBe(true)
  expect(seen.error).toBe('ECONNRESET')
})

test('a half-closed line still carries the other direction', async () => {
  const { socket, seen } = open()
  socket.write('a')
  await waitUntil(() => seen.text === 'a')
  proxy.halfClose('to_client')
  await waitUntil(() => seen.ended)
  expect(socket.writable).toBe(true)
  expect(seen.error).toBe('')
})

test.each([{ latencyMs: 300 }, { bytesPerSecond: 100_000 }])(
  'a line with %o is overtaken by a healthy one and loses nothing',
  async (fault) => {
    proxy.set(fault)
    const slow = open()
    slow.socket.end('y'.repeat(40_000))
    const healthy = connect((echo.address() as { port: number }).port, '127.0.0.1')
    clients.push(healthy)
    healthy.write('z')
    await once(healthy, 'data')
    expect(slow.seen.text.length).toBeLessThan(40_000)
    await waitUntil(() => slow.seen.ended)
    expect(slow.seen.text.length).toBe(40_000)
  },
)
