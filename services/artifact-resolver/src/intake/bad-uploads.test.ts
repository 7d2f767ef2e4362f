import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { waitUntil } from '@sluice/testbed'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { writeForEver } from '../testing/raw-source.ts'
import { MAX_BYTES, sha256Of, startResolverWorld, TOKEN, type ResolverWorld } from '../testing/resolver-world.ts'

const IMAGE = Buffer.alloc(60_000, 'firmware ')
const BUFFERED = 16 * 1024 * 1024

let world: ResolverWorld
beforeAll(async () => {
  world = await startResolverWorld()
})
afterEach(() => {
  world.intakeSettings.deadlineMs = 60_000
})
afterAll(() => world.close())

async function put(artifactId: string, body: Uint8Array) {
  const headers = { authorization: `Bearer ${TOKEN}` }
  const response = await fetch(`${world.intake}/${artifactId}`, { method: 'PUT', body, headers } as RequestInit)
  const { detail = '' } = (await response.json()) as { detail?: string }
  return { status: response.status, detail }
}
/** A socket on which the head of an upload was sent. */
async function begin(artifactId: string, framing: string) {
  const socket = connect(Number(new URL(world.intake).port), '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(
    `PUT /intake/${artifactId} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\n${framing}\r\nConnection: close\r\n\r\n`,
  )
  return socket
}
/** Of an upload nothing may be left, and it may come again. */
async function nothingStays(artifactId: string) {
  await waitUntil(async () => (await world.stored()).incoming.length === 0)
  const { quarantine, promoted } = await world.stored()
  expect(quarantine).not.toContain(artifactId)
  expect(promoted).toEqual([])
  expect(await world.get(artifactId)).toMatchObject({ status: 'awaiting_content', verdict: null, import: null })
  expect(world.registered.map((event) => event.artifactId)).not.toContain(artifactId)
}
async function takesTheRightOne(artifactId: string) {
  expect(await put(artifactId, IMAGE)).toMatchObject({ status: 201 })
  expect(await world.get(artifactId)).toMatchObject({
    status: 'quarantined',
    sha256: sha256Of(IMAGE),
    size: IMAGE.length,
  })
}

it('takes nothing of an upload that ends before its announced length', async () => {
  const artifactId = await world.create()
  const socket = await begin(artifactId, `Content-Length: ${IMAGE.length}`)
  socket.write(IMAGE.subarray(0, 40_000))
  await waitUntil(async () => (await world.stored()).incoming.length === 1)
  socket.end()
  await nothingStays(artifactId)
  await waitUntil(async () => (await put(artifactId, IMAGE)).status === 201)
})

it.each([
  [
    'longer than declared',
    { size: IMAGE.length },
    Buffer.alloc(IMAGE.length + 1),
    413,
    'declared with 60000 bytes, and more',
  ],
  ['shorter than declared', { size: IMAGE.length }, IMAGE.subarray(1), 400, 'declared 60000 bytes, measured 59999'],
  [
    'of another digest',
    { sha256: sha256Of(IMAGE) },
    IMAGE.toReversed(),
    400,
    `declared SHA-256 ${sha256Of(IMAGE)}, measured`,
  ],
  ['empty', {}, Buffer.alloc(0), 400, 'no bytes'],
  ['larger than any image', {}, Buffer.alloc(MAX_BYTES + 1), 413, `at most ${MAX_BYTES} bytes`],
] as const)(
  'says what is wrong with one that is %s, and takes the right one later',
  async (_, draft, body, status, why) => {
    const artifactId = await world.create(draft)
    const refusal = await put(artifactId, body)
    expect(refusal).toMatchObject({ status, detail: expect.stringContaining(why) })
    await nothingStays(artifactId)
    await takesTheRightOne(artifactId)
  },
)

it('refuses one that is announced as too large before a byte of it came', async () => {
  const artifactId = await world.create()
  const socket = await begin(artifactId, `Content-Length: ${MAX_BYTES + 1}`)
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 413 /)
  await nothingStays(artifactId)
})

it('reads no more of an endless one than was declared, and what the sockets hold', async () => {
  const artifactId = await world.create({ size: IMAGE.length })
  const socket = await begin(artifactId, 'Transfer-Encoding: chunked')
  const answer = text(socket).catch(() => '')
  const chunk = Buffer.alloc(4_096)
  writeForEver(socket, Buffer.concat([Buffer.from('1000\r\n'), chunk, Buffer.from('\r\n')]))
  await waitUntil(() => socket.destroyed || socket.closed)
  // The answer may be lost with the connection; the bytes are bounded all the same.
  expect(['', 'HTTP/1.1 413']).toContain((await answer).slice(0, 12))
  expect(socket.bytesWritten).toBeLessThan(BUFFERED)
  await nothingStays(artifactId)
})

it('ends one that stalls at its deadline', async () => {
  world.intakeSettings.deadlineMs = 300
  const artifactId = await world.create()
  const socket = await begin(artifactId, `Content-Length: ${IMAGE.length}`)
  socket.write(IMAGE.subarray(0, 100))
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 504 .*deadline_exceeded/s)
  await nothingStays(artifactId)
  world.intakeSettings.deadlineMs = 60_000
  await takesTheRightOne(artifactId)
})

it('takes one of two at once, whole, and tells the other', async () => {
  const artifactId = await world.create()
  const first = request(`${world.intake}/${artifactId}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-length': IMAGE.length },
  })
  first.write(IMAGE.subarray(0, 30_000))
  await waitUntil(async () => (await world.stored()).incoming.length === 1)
  expect(await put(artifactId, IMAGE.toReversed())).toMatchObject({
    status: 409,
    detail: 'it is being uploaded already',
  })
  first.end(IMAGE.subarray(30_000))
  const [response] = (await once(first, 'response')) as [{ statusCode: number; resume(): void }]
  response.resume()
  expect(response.statusCode).toBe(201)
  await waitUntil(() => world.registered.some((event) => event.artifactId === artifactId))
  const told = world.registered.filter((event) => event.artifactId === artifactId)
  expect(told).toMatchObject([{ sha256: sha256Of(IMAGE), size: IMAGE.length }])
  expect((await world.stored()).incoming).toEqual([])
})
