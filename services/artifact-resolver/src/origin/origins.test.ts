import { randomBytes } from 'node:crypto'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { waitUntil } from '@sluice/testbed'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { startRawSource, writeForEver, type RawSource } from '../testing/raw-source.ts'
import { sha256Of, startResolverWorld, type ResolverWorld } from '../testing/resolver-world.ts'

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
])(
  'fault 56: keeps devices away after four times that the origin %s, and lets them when it is back',
  async (_, away, why) => {
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
  },
)

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

/** As if nobody had looked for long. */
const rested = (artifactId: string) =>
  world.sql.query('update resolver.artifacts set rechecked_at = 0 where artifact_id = $1', [artifactId])
const recheckOf = async (artifactId: string) => {
  const [row] = await world.sql.query<{ due: number | null; begun: number }>(
    'select recheck_due_at as due, rechecked_at as begun from resolver.artifacts where artifact_id = $1',
    [artifactId],
  )
  return row!
}

it('compares a copy as soon as a device suspects it, and not at once again for the next device that does', async () => {
  const { artifactId } = await hosted()
  await rested(artifactId)
  const before = origin.heads().length
  await world.suspect(artifactId)
  await waitUntil(() => origin.heads().length > before)
  await waitUntil(async () => (await recheckOf(artifactId)).due === null)
  for (let device = 0; device < 3; device += 1) await world.suspect(artifactId)
  await waitUntil(async () => (await recheckOf(artifactId)).due !== null)
  const { due, begun } = await recheckOf(artifactId)
  expect(Number(due) - Number(begun)).toBe(300_000)
  expect(origin.heads().length - before).toBe(1)
  expect(await world.resolve(artifactId)).toBe('resolved')
})

it('revokes a copy that became another as soon as a device suspects it', async () => {
  const { artifactId, image, answer } = await hosted()
  answer(sends(image.toReversed()))
  await rested(artifactId)
  await world.suspect(artifactId)
  await world.becomes(artifactId, 'revoked')
})

/** Two artifacts of the same bytes, which our file servers send. */
async function stored() {
  const image = randomBytes(50_000)
  const path = `/stored-${answers.size}.bin`
  answers.set(path, sends(image))
  const bringIn = async () => {
    const artifactId = await world.create({ sourceUrl: origin.url + path })
    await world.trust(artifactId)
    return artifactId
  }
  const sha256 = sha256Of(image)
  return { image, sha256, file: join(world.imagesAt, 'sha256', sha256), bringIn }
}

it('hashes a suspected image of ours again, and has file servers read it again', async () => {
  const { sha256, bringIn } = await stored()
  const artifactId = await bringIn()
  await world.suspect(artifactId)
  await waitUntil(() => world.doubted.includes(sha256))
  await waitUntil(async () => (await recheckOf(artifactId)).due === null)
  expect(await world.resolve(artifactId)).toBe('resolved')
  expect(world.logged()).not.toContain('resolver.stored.unread')
})

it('revokes all that are sent from a damaged file of ours, and takes the image when it is brought in anew', async () => {
  const { image, sha256, file, bringIn } = await stored()
  const [artifactId, twin] = [await bringIn(), await bringIn()]
  await chmod(file, 0o600)
  await writeFile(file, Buffer.concat([Buffer.from([image[0]! ^ 1]), image.subarray(1)]))
  await world.suspect(artifactId)
  for (const each of [artifactId, twin]) {
    await world.becomes(each, 'revoked')
    expect(await world.resolve(each)).toBe('revoked')
  }
  const reasonOf = (id: string) => world.revoked.find((event) => event.artifactId === id)?.reason
  await waitUntil(() => reasonOf(twin) !== undefined)
  expect(reasonOf(twin)).toMatch(/its copy in the store is no longer what was verified/)
  await waitUntil(async () => !(await world.stored()).promoted.includes(sha256))
  expect(await world.resolve(await bringIn())).toBe('resolved')
  expect((await readFile(file)).equals(image)).toBe(true)
})
