import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { waitUntil } from '@sluice/testbed'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { startRawSource, writeForEver, type RawSource } from '../testing/raw-source.ts'
import { startResolverWorld, type ResolverWorld } from '../testing/resolver-world.ts'

type Answer = (socket: Socket, head: string) => void
const BUFFERED = 16 * 1024 * 1024

let world: ResolverWorld
let origin: RawSource
/** By path: images of earlier tests are compared again meanwhile. */
const answers = new Map<string, Answer>()
beforeAll(async () => {
  world = await startResolverWorld()
  origin = await startRawSource((socket, head) => answers.get(head.split(' ')[1]!)?.(socket, head))
})
afterEach(() => {
  Object.assign(world.imports, { retryMs: 10, idleMs: 30_000 })
})
afterAll(async () => {
  await world.close()
  await origin.close()
})

const sends =
  (bytes: Uint8Array, headers = ''): Answer =>
  (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\nETag: "same"\r\n${headers}\r\n`)
    socket.end(bytes)
  }
const says =
  (status: string): Answer =>
  (socket) =>
    socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`)

const nothing: Answer = () => undefined

/** Trusted, hosted at the origin, and compared with it once. */
async function hosted() {
  const image = randomBytes(50_000)
  const path = `/fw-${answers.size}.bin`
  const answer = (how: Answer) => void answers.set(path, how)
  answer(sends(image))
  const artifactId = await world.create({ sourceUrl: origin.url + path, hosting: 'origin' })
  await world.trust(artifactId)
  await waitUntil(async () => (await world.get(artifactId)).origin?.state === 'as_verified')
  return { artifactId, image, path, answer }
}
/** The next comparison is due now. */
const due = (artifactId: string) =>
  world.sql.query('update resolver.artifacts set origin_due_at = 0 where artifact_id = $1', [artifactId])
const stateOf = async (artifactId: string) => (await world.get(artifactId)).origin?.state

it('reads and hashes the copy again each time it is due, asking by no ETag', async () => {
  const { artifactId } = await hosted()
  const before = origin.heads().length
  const { checkedAt } = (await world.get(artifactId)).origin!
  await due(artifactId)
  await waitUntil(async () => (await world.get(artifactId)).origin!.checkedAt !== checkedAt)
  const asked = origin.heads().slice(before)
  expect(asked).toHaveLength(1)
  expect(asked[0]).toMatch(/^GET /)
  expect(asked[0]!.toLowerCase()).not.toMatch(/if-none-match|if-modified|authorization|cookie/)
  expect(await world.resolve(artifactId)).toBe('resolved')
  const [row] = await world.sql.query<{ wait: number }>(
    'select origin_due_at - origin_checked_at as wait from resolver.artifacts where artifact_id = $1',
    [artifactId],
  )
  // Spread out, so that images brought in together are not read together for ever.
  expect(Math.abs(Number(row!.wait) - 3_600_000)).toBeLessThanOrEqual(361_000)
})

it.each([
  [
    'one bit',
    (image: Buffer): Answer => sends(Buffer.concat([Buffer.from([image[0]! ^ 1]), image.subarray(1)])),
    'SHA-256',
  ],
  ['a shorter one', (image: Buffer): Answer => sends(image.subarray(1)), '49999 bytes'],
  ['a page that says sorry', (): Answer => sends(Buffer.from('<html>maintenance</html>')), '24 bytes'],
  ['a longer one', (image: Buffer): Answer => sends(Buffer.concat([image, Buffer.from('x')])), 'more than 50000 bytes'],
  [
    'one without end',
    (image: Buffer): Answer =>
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        socket.write(image)
        writeForEver(socket, Buffer.alloc(65_536))
      },
    'more than 50000 bytes',
  ],
] as const)('revokes at once, for all to hear, when the copy became another: %s', async (_, became, why) => {
  const { artifactId, image, answer } = await hosted()
  const [connections, written] = [origin.connections(), origin.written()]
  answer(became(image))
  await due(artifactId)
  await world.becomes(artifactId, 'revoked')
  await waitUntil(() => world.revoked.some((event) => event.artifactId === artifactId))
  const told = world.revoked.filter((event) => event.artifactId === artifactId)
  expect(told).toMatchObject([
    { actor: 'service:artifact-resolver', reason: expect.stringMatching(/no longer what was verified/) },
  ])
  expect(told[0]!.reason).toContain(why)
  expect(await world.resolve(artifactId)).toBe('revoked')
  await waitUntil(() => origin.open() === 0)
  expect(origin.connections() - connections).toBe(1)
  expect(origin.written() - written).toBeLessThan(BUFFERED)
})

it.each([
  ['is gone', says('404 Not Found'), /answered 404/],
  ['is busy', says('503 Busy'), /answered 503/],
  [
    'breaks off',
    ((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\nhalf')) as Answer,
    /broke off/,
  ],
  [
    'breaks off what it gave no length of',
    ((socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nhalf')) as Answer,
    /ended after 4 of 50000 bytes/,
  ],
  ['stalls', nothing, /nothing came for 100 ms/],
  [
    'leads inside',
    ((socket) => socket.end('HTTP/1.1 302 Go\r\nLocation: http://127.0.0.2/\r\n\r\n')) as Answer,
    /not to be/,
  ],
  ['packs it', sends(Buffer.alloc(50_000), 'Content-Encoding: gzip\r\n'), /coding/],
])('keeps devices away after four times that the origin %s, and lets them when it is back', async (_, away, why) => {
  const { artifactId, image, answer } = await hosted()
  if (away === nothing) world.imports.idleMs = 100
  answer(away)
  await due(artifactId)
  await waitUntil(async () => (await stateOf(artifactId)) === 'held')
  const { origin: state, status } = await world.get(artifactId)
  expect(status).toBe('trusted')
  expect(state).toMatchObject({ state: 'held', detail: expect.stringMatching(why) })
  expect(await world.resolve(artifactId)).toBe('origin_unavailable')
  expect(world.revoked.map((event) => event.artifactId)).not.toContain(artifactId)
  expect(world.logged()).toContain('resolver.origin.held')

  world.imports.idleMs = 30_000
  answer(sends(image))
  await waitUntil(async () => (await stateOf(artifactId)) === 'as_verified')
  expect(await world.resolve(artifactId)).toBe('resolved')
})

it('sends devices there while it failed less often than that, and says so', async () => {
  const { artifactId, answer } = await hosted()
  world.imports.retryMs = 3_600_000
  answer(says('503 Busy'))
  await due(artifactId)
  await waitUntil(async () => (await stateOf(artifactId)) === 'unreachable')
  expect((await world.get(artifactId)).origin).toMatchObject({ failures: 1 })
  expect(await world.resolve(artifactId)).toBe('resolved')
})

it('refuses a device that takes no URL as long as the origin’s, at once', async () => {
  const { artifactId, path } = await hosted()
  const { length } = origin.url + path
  expect(length).toBeLessThan(64)
  const long = await world.create({ sourceUrl: `${origin.url}${path}?${'x'.repeat(150 - length)}`, hosting: 'origin' })
  answers.set(`${path}?${'x'.repeat(150 - length)}`, answers.get(path)!)
  await world.trust(long)
  expect(await world.resolve(long, 150)).toBe('url_too_long')
  expect(await world.resolve(long, 151)).toBe('resolved')
  expect(await world.resolve(artifactId, 64)).toBe('resolved')
})
