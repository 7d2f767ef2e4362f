import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { BusError, createEmbeddedBus } from '@sluice/bus'
import { answered, type DataOf, transferStopsGet, uploadReceived } from '@sluice/contracts'
import { mintUpload } from '@sluice/firmware'
import { answerChallenge } from '@sluice/http-auth'
import { openDirectoryImageStore, openDirectoryUploadStore } from '@sluice/image-store'
import { createIds, createLog, systemClock } from '@sluice/runtime'
import { openEmbedded } from '@sluice/sql'
import { inMemory, waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFileServer, type FileServer } from './file-server.ts'
import { defaultSettings } from './file-server-settings.ts'
import { askRaw, over } from './testing/ask.ts'

const KEY = Buffer.alloc(32, 7)
const ids = createIds()
const logged: string[] = []
const log = createLog({
  service: 'test',
  destination: new Writable({ write: (chunk: Buffer, _, done) => (logged.push(chunk.toString()), done()) }),
})
const sql = await openEmbedded(inMemory())
const hub = await createEmbeddedBus({ sql, clock: systemClock, log })
const images = await openDirectoryImageStore(await mkdtemp(join(tmpdir(), 'sluice-images-')))
const uploadsAt = await mkdtemp(join(tmpdir(), 'sluice-uploads-'))
const uploads = await openDirectoryUploadStore(uploadsAt)
const received: DataOf<typeof uploadReceived>[] = []
const servers: FileServer[] = []

beforeAll(async () => {
  await hub
    .as('campaign-scheduler')
    .serve(transferStopsGet, async (batch) => batch.map(() => answered({ campaignIds: [], artifactIds: [] })))
  await hub
    .as('device-tasks')
    .consume(uploadReceived, async (batch) => void received.push(...batch.map(({ data }) => data)))
  await hub.as('campaign-scheduler').consume(uploadReceived, async () => {})
})
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()))
  await hub.close()
  await sql.close()
})

async function start({
  takes = true,
  requireCredentials = false,
  idleMs = 5_000,
  bus = hub.as('file-server'),
} = {}): Promise<string> {
  const server = createFileServer(
    { bus, images, uploads: takes ? uploads : undefined, clock: systemClock, ids, log },
    {
      ...defaultSettings,
      host: '127.0.0.1',
      port: 0,
      keys: [KEY],
      requireCredentials,
      maxTransfers: 100,
      maxTransfersPerAttempt: 2,
      maxUploadBytes: 10_000,
      idleMs,
      maxTransferMs: 60_000,
      stopsRefreshMs: 60_000,
      drainMs: 2_000,
    },
  )
  servers.push(server)
  return `http://127.0.0.1:${(await server.start()).port}`
}

function grant(seconds = 60) {
  const uploadId = ids.task()
  return { uploadId, ...mintUpload({ uploadId, expiresAt: Math.floor(Date.now() / 1_000) + seconds }, KEY) }
}
const put = (
  url: string,
  body: Uint8Array | string | ReadableStream,
  headers: Record<string, string> = {},
  method = 'PUT',
) => fetch(url, { method, body, headers, duplex: 'half' } as RequestInit)
/** The head of an upload, and the first bytes of it. */
const begin = (path: string, length: number) =>
  `PUT /${path}/f HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\nhalf of it`
const portOf = (url: string) => Number(new URL(url).port)
const kept = async (uploadId: string) => {
  const opened = await uploads.open(uploadId)
  return opened === null ? null : buffer(opened.stream)
}

test('a file that was put whole is kept, told to who asked for it, and answered 201', async () => {
  const url = await start()
  const body = randomBytes(9_000)
  for (const method of ['PUT', 'POST']) {
    const mine = grant()
    expect((await put(`${url}/${mine.path}/config.bin`, body, {}, method)).status).toBe(201)
    const told = () => received.find(({ uploadId }) => uploadId === mine.uploadId)
    await waitUntil(() => told() !== undefined)
    expect(told()).toMatchObject({ bytes: 9_000, sha256: createHash('sha256').update(body).digest('hex') })
    expect(await kept(mine.uploadId)).toEqual(body)
  }
})

test('what was put whole is not replaced: the same once more is well, another file is refused, and the first is told', async () => {
  const url = await start()
  const mine = grant()
  const put1 = (body: string) => put(`${url}/${mine.path}/config.bin`, body)
  expect((await put1('the device’s')).status).toBe(201)
  expect((await put1('the device’s')).status).toBe(201)
  expect((await put1('somebody else’s')).status).toBe(409)
  expect(String(await kept(mine.uploadId))).toBe('the device’s')
  const told = () => received.filter(({ uploadId }) => uploadId === mine.uploadId)
  await waitUntil(() => told().length === 3)
  expect(new Set(told().map(({ sha256 }) => sha256)).size).toBe(1)
})

test('credentials are asked for where they are required, and wrong ones are never taken', async () => {
  const url = await start({ requireCredentials: true })
  const mine = grant()
  const target = `${url}/${mine.path}/config.bin`
  const challenged = await put(target, 'ssid')
  expect(challenged.status).toBe(401)
  const header = challenged.headers.get('www-authenticate')!
  const answerWith = (password: string) => {
    const answer = answerChallenge({
      challenges: header,
      nc: 1,
      method: 'PUT',
      uri: new URL(target).pathname,
      username: mine.username,
      password,
      cnonce: '0a4f113b',
    })
    return put(target, 'ssid', { authorization: answer.kind === 'answer' ? answer.authorization : '' })
  }
  expect((await answerWith('guessed')).status).toBe(401)
  expect(await kept(mine.uploadId)).toBeNull()
  expect((await answerWith(mine.password)).status).toBe(201)
})

test('nothing is kept of what is too large, forged, expired, half, or asked for in another way', async () => {
  const url = await start()
  const large = grant()
  expect((await put(`${url}/${large.path}/f`, randomBytes(10_001)).catch(() => ({ status: 413 }))).status).toBe(413)
  const announced = grant()
  expect(await askRaw(portOf(url), begin(announced.path, 10_001))).toMatch(/^HTTP\/1\.1 413 /)
  const endless = grant()
  const pieces = ReadableStream.from([4_000, 4_000, 4_000].map((length) => randomBytes(length)))
  expect((await put(`${url}/${endless.path}/f`, pieces).catch(() => ({ status: 413 }))).status).toBe(413)
  const old = grant(-1)
  expect((await put(`${url}/${old.path}/f`, 'x')).status).toBe(403)
  const forged = grant()
  expect((await put(`${url}/${forged.path.slice(0, -4)}AAAA/f`, 'x')).status).toBe(404)
  const looked = grant()
  expect((await fetch(`${url}/${looked.path}/f`)).status).toBe(405)
  const half = grant()
  const socket = connect(portOf(url), '127.0.0.1')
  socket.write(begin(half.path, 500), () => setTimeout(() => socket.destroy(), 50))
  await waitUntil(() => logged.some((line) => line.includes('files.upload.broke_off') && line.includes(half.uploadId)))
  for (const { uploadId } of [large, announced, endless, old, forged, looked, half]) {
    expect(await kept(uploadId)).toBeNull()
  }
  expect(received.map(({ uploadId }) => uploadId)).not.toContain(half.uploadId)
})

test('one upload takes only so many connections, and gives them back', async () => {
  const url = await start()
  const mine = grant()
  const again = () => put(`${url}/${mine.path}/f`, 'x')
  const held = [1, 2].map(() => connect(portOf(url), '127.0.0.1').on('error', () => undefined))
  for (const socket of held) socket.write(begin(mine.path, 500))
  await waitUntil(async () => (await readdir(join(uploadsAt, 'incoming'))).length === 2)
  const third = await again()
  expect([third.status, third.headers.get('retry-after')]).toEqual([503, '30'])
  for (const socket of held) socket.destroy()
  await waitUntil(async () => (await again()).status === 201)
})

test('nothing is answered as taken that the bus has not taken', async () => {
  const publish = () => Promise.reject(new BusError('unavailable', 'away'))
  const url = await start({ bus: { ...hub.as('file-server'), publish } })
  expect((await put(`${url}/${grant().path}/f`, 'x')).status).toBe(503)
})

test('who never ends the head of an upload is sent away, however busily', async () => {
  const url = await start({ idleMs: 1_000 })
  const socket = connect(portOf(url), '127.0.0.1')
  socket.write(`PUT /${grant().path}/f HTTP/1.1\r\nx-long: `)
  const drip = setInterval(() => socket.write('x'), 50)
  await over(socket)
  clearInterval(drip)
})

test('without a directory for them no uploads are taken', async () => {
  const url = await start({ takes: false })
  expect((await put(`${url}/${grant().path}/f`, 'x')).status).toBe(405)
})

test('the token of an upload is masked in the log', () => {
  const tokens = logged.join('').match(/\/u\/[^"]+/g) ?? []
  expect(tokens.length).toBeGreaterThan(0)
  for (const path of tokens) expect(path).toMatch(/^\/u\/tsk_[0-9A-Z]{26}\/.{4}…/)
})
