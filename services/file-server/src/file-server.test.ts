import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdtemp, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { createEmbeddedBus } from '@sluice/bus'
import {
  answered,
  attemptObserved,
  imageDoubted,
  refused,
  traceIdOf,
  transferStopsChanged,
  transferStopsGet,
  upgradeTraceparent,
  type Observation,
} from '@sluice/contracts'
import { campaignMarkOf, mintGrant, type DownloadGrant } from '@sluice/firmware'
import { answerChallenge } from '@sluice/http-auth'
import { openDirectoryImageStore } from '@sluice/image-store'
import { createIds, createLog, type EndedSpan, startTelemetry, systemClock } from '@sluice/runtime'
import { openEmbedded } from '@sluice/sql'
import { inMemory, waitUntil } from '@sluice/testbed'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createFileServer, type FileServer, type FileServerParts } from './file-server.ts'
import { defaultSettings, type FileServerSettings } from './file-server-settings.ts'

const IMAGE = randomBytes(700_000)
const SHA = createHash('sha256').update(IMAGE).digest('hex')
const KEY = Buffer.alloc(32, 7)
const ids = createIds()
const ARTIFACT = ids.artifact()
const CAMPAIGN = ids.campaign()

const SETTINGS: FileServerSettings = {
  ...defaultSettings,
  host: '127.0.0.1',
  port: 0,
  keys: [KEY],
  maxTransfers: 100,
  maxTransfersPerAttempt: 2,
  maxUploadBytes: 10_000,
  idleMs: 5_000,
  maxTransferMs: 60_000,
  stopsRefreshMs: 60_000,
  drainMs: 2_000,
}

/** Everything the file server logged, as text. */
const logged: string[] = []
const log = createLog({
  service: 'test',
  destination: new Writable({ write: (chunk: Buffer, _, done) => (logged.push(chunk.toString()), done()) }),
})

/** Every token and password the tests gave to devices. */
const secrets: string[] = []

const spans: EndedSpan[] = []
const telemetry = await startTelemetry({ service: 'test', onSpan: (span) => spans.push(span) })

const sql = await openEmbedded(inMemory())
const hub = await createEmbeddedBus({ sql, clock: systemClock, log })
const imagesAt = await mkdtemp(join(tmpdir(), 'sluice-files-'))
const images = await openDirectoryImageStore(imagesAt)
const scheduler = hub.as('campaign-scheduler')
const observed: Observation[] = []
let schedulerKnows = true
let running: FileServer[] = []

beforeAll(async () => {
  await images.quarantine(
    ARTIFACT,
    (async function* () {
      yield IMAGE
    })(),
    { maxBytes: 1e9 },
  )
  await images.promote(ARTIFACT, SHA)
  await scheduler.consume(
    attemptObserved,
    async (batch) => void observed.push(...batch.flatMap((event) => event.data.items)),
  )
  await scheduler.serve(transferStopsGet, async (batch) =>
    batch.map(() =>
      schedulerKnows ? answered({ campaignIds: [], artifactIds: [] }) : refused('unavailable', 'starting'),
    ),
  )
})
afterEach(async () => {
  await Promise.all(running.map((server) => server.stop()))
  running = []
  schedulerKnows = true
})
afterAll(async () => {
  await hub.close()
  await sql.close()
  await telemetry.stop()
})

async function start(changed: Partial<FileServerSettings> = {}, parts: Partial<FileServerParts> = {}): Promise<string> {
  const server = createFileServer(
    { bus: hub.as('file-server'), images, clock: systemClock, ids, log, ...parts },
    { ...SETTINGS, ...changed },
  )
  running.push(server)
  return `http://127.0.0.1:${(await server.start()).port}`
}
function grant(changed: Partial<DownloadGrant> = {}) {
  const whole: DownloadGrant = {
    attemptId: ids.attempt(),
    upgradeId: ids.upgrade(),
    campaignMark: campaignMarkOf(CAMPAIGN),
    artifactId: ARTIFACT,
    expiresAt: Math.floor(Date.now() / 1_000) + 3_600,
    ...changed,
  }
  const minted = mintGrant(whole, KEY)
  secrets.push(minted.path.slice(2), minted.password)
  return { ...whole, ...minted }
}
const factsOf = (attemptId: string) =>
  observed.filter(({ fact }) => 'attemptId' in fact && fact.attemptId === attemptId).map(({ fact }) => fact)
const told = (attemptId: string, ...kinds: string[]) =>
  waitUntil(() => JSON.stringify(factsOf(attemptId).map((fact) => fact.kind)) === JSON.stringify(kinds), {
    describe: () => `${JSON.stringify(factsOf(attemptId))} instead of ${kinds.join()}`,
  })
const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer())

describe('a device with a grant', () => {
  it('gets the whole image, and the scheduler hears of the first and the last byte', async () => {
    const url = await start()
    const mine = grant()
    const response = await fetch(`${url}/${mine.path}/router.bin`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-length')).toBe(String(IMAGE.length))
    expect(response.headers.get('accept-ranges')).toBe('bytes')
    expect(response.headers.get('etag')).toBe(`"${SHA}"`)
    expect((await bytesOf(response)).equals(IMAGE)).toBe(true)
    await told(mine.attemptId, 'first_byte_served', 'last_byte_served')
    expect(factsOf(mine.attemptId)[1]).toMatchObject({ bytes: IMAGE.length })
    expect(observed.at(-1)!.traceparent).toMatch(/^00-[0-9a-f]{32}-/)
  })

  it('is seen fetching it in the trace of its upgrade', async () => {
    const url = await start()
    const mine = grant()
    await bytesOf(await fetch(`${url}/${mine.path}/f`))
    const ofMine = () => spans.filter(({ attributes }) => attributes['sluice.attempt_id'] === mine.attemptId)
    await waitUntil(() => ofMine().length > 0)
    expect(ofMine().map((span) => [span.name, span.spanContext().traceId])).toEqual([
      ['serve image', traceIdOf(upgradeTraceparent(mine.upgradeId))],
    ])
  })

  it('request 9: may take it in pieces: the last byte counts only once all pieces were served', async () => {
    const url = await start()
    const mine = grant()
    const piece = (range: string) => fetch(`${url}/${mine.path}/f`, { headers: { range } })
    const tail = await piece('bytes=-100000')
    expect(tail.status).toBe(206)
    expect(tail.headers.get('content-range')).toBe(`bytes 600000-699999/700000`)
    expect((await bytesOf(tail)).equals(IMAGE.subarray(600_000))).toBe(true)
    await told(mine.attemptId, 'first_byte_served')
    expect((await bytesOf(await piece('bytes=0-599998'))).length).toBe(599_999)
    expect((await bytesOf(await piece('bytes=0-10'))).length).toBe(11)
    await new Promise((resolve) => setTimeout(resolve, 500))
    await told(mine.attemptId, 'first_byte_served')
    await bytesOf(await piece('bytes=599999-599999'))
    await told(mine.attemptId, 'first_byte_served', 'last_byte_served')
  })

  it('may fetch it once more: its first and its last byte are told once', async () => {
    const url = await start()
    const mine = grant()
    const fetchIt = async (headers: Record<string, string> = {}) =>
      bytesOf(await fetch(`${url}/${mine.path}/f`, { headers }))
    await fetchIt()
    await told(mine.attemptId, 'first_byte_served', 'last_byte_served')
    await fetchIt()
    // Facts are told in their order: what comes before this one has come.
    await fetchIt({ authorization: 'Bearer x' })
    await told(mine.attemptId, 'first_byte_served', 'last_byte_served', 'download_refused')
  })

  it('may go on at another replica: its last byte counts there if it vouches for the first part by If-Range', async () => {
    const [here, there] = [await start(), await start()]
    const beginHere = async () => {
      const mine = grant()
      await bytesOf(await fetch(`${here}/${mine.path}/f`, { headers: { range: 'bytes=0-299999' } }))
      await told(mine.attemptId, 'first_byte_served')
      return mine
    }
    const goOnThere = async ({ path }: { path: string }, headers: Record<string, string>) =>
      bytesOf(await fetch(`${there}/${path}/f`, { headers }))

    const vouching = await beginHere()
    await goOnThere(vouching, { range: 'bytes=300000-', 'if-range': `"${SHA}"` })
    await told(vouching.attemptId, 'first_byte_served', 'first_byte_served', 'last_byte_served')
    expect(factsOf(vouching.attemptId).at(-1)).toMatchObject({ bytes: 400_000 })

    const others = [
      { range: 'bytes=300000-' },
      { range: 'bytes=-64', 'if-range': `"${SHA}"` },
      { range: 'bytes=300000-699999', 'if-range': `"${SHA}"` },
    ]
    for (const headers of others) {
      const silent = await beginHere()
      await goOnThere(silent, headers)
      await told(silent.attemptId, 'first_byte_served', 'first_byte_served')
      await new Promise((resolve) => setTimeout(resolve, 500))
      await told(silent.attemptId, 'first_byte_served', 'first_byte_served')
    }
  })

  it('is told when its range lies behind the end, and gets the whole for several ranges', async () => {
    const url = await start()
    const mine = grant()
    const behind = await fetch(`${url}/${mine.path}/f`, { headers: { range: 'bytes=700000-' } })
    expect([behind.status, behind.headers.get('content-range')]).toEqual([416, 'bytes */700000'])
    const several = await fetch(`${url}/${mine.path}/f`, { headers: { range: 'bytes=0-1,5-6' } })
    expect([several.status, (await bytesOf(several)).length]).toEqual([200, IMAGE.length])
  })

  it('resumes only the same image: If-Range with another ETag or a date gets the whole', async () => {
    const url = await start()
    const mine = grant()
    const ask = async (ifRange: string) => {
      const response = await fetch(`${url}/${mine.path}/f`, { headers: { range: 'bytes=5-', 'if-range': ifRange } })
      await bytesOf(response)
      return response.status
    }
    expect(await ask(`"${SHA}"`)).toBe(206)
    expect(await ask('"another"')).toBe(200)
    expect(await ask('Wed, 21 Oct 2026 07:28:00 GMT')).toBe(200)
  })

  it('may send the whole URL as its target, as if to a proxy', async () => {
    const url = await start()
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write(`HEAD ${url}/${grant().path}/f HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    const [head] = (await once(socket, 'data')) as [Buffer]
    expect(head.toString()).toMatch(/^HTTP\/1.1 200 /)
    socket.destroy()
  })

  it('may ask without a file name, where its model has no room for one', async () => {
    const url = await start()
    expect((await bytesOf(await fetch(`${url}/${grant().path}`))).equals(IMAGE)).toBe(true)
  })

  it('may ask with HEAD, which serves no byte', async () => {
    const url = await start()
    const mine = grant()
    const response = await fetch(`${url}/${mine.path}/f`, { method: 'HEAD' })
    expect([response.status, response.headers.get('content-length')]).toEqual([200, String(IMAGE.length)])
    expect((await fetch(`${url}/${mine.path}/f`, { method: 'POST' })).status).toBe(405)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(factsOf(mine.attemptId)).toEqual([])
  })

  it('keeps an image in memory until it is doubted, and then reads it again', async () => {
    const url = await start()
    const sent = async () => bytesOf(await fetch(`${url}/${grant().path}/f`))
    const file = join(imagesAt, 'sha256', SHA)
    await chmod(file, 0o600)
    try {
      expect((await sent()).equals(IMAGE)).toBe(true)
      await writeFile(file, IMAGE.toReversed())
      expect((await sent()).equals(IMAGE)).toBe(true)
      hub.as('artifact-resolver').announce(imageDoubted, [{ id: ids.event(), key: 'all', data: { sha256: SHA } }])
      await waitUntil(async () => !(await sent()).equals(IMAGE))
    } finally {
      await writeFile(file, IMAGE)
    }
  })
})

describe('what is refused', () => {
  it('a token that was bent, is of another attempt, or is none: 404, and no word about the attempt', async () => {
    const url = await start()
    const mine = grant()
    const other = grant()
    const token = mine.path.slice('f/'.length)
    const bent = token.slice(0, 20) + (token[20] === 'A' ? 'B' : 'A') + token.slice(21)
    // The first 5 bytes are version and expiry, the next 16 the attempt.
    const ofAnother = Buffer.from(token, 'base64url')
    ofAnother.set(Buffer.from(other.path.slice('f/'.length), 'base64url').subarray(5, 21), 5)
    for (const path of [
      `f/${bent}/f`,
      `f/${ofAnother.toString('base64url')}/f`,
      `f/${mine.attemptId}/${token}/f`,
      `f/x/f`,
      `f/${token}A`,
      `f/../../etc/passwd`,
      `f/%2e%2e/${token}/f`,
      `${mine.path}/a/b`,
      '',
    ]) {
      expect([path, (await fetch(`${url}/${path}`)).status]).toEqual([path, 404])
    }
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect([...factsOf(mine.attemptId), ...factsOf(other.attemptId)]).toEqual([])
  })

  it('a grant of the past: 403, told as expired', async () => {
    const url = await start()
    const mine = grant({ expiresAt: Math.floor(Date.now() / 1_000) })
    expect((await fetch(`${url}/${mine.path}/f`)).status).toBe(403)
    await told(mine.attemptId, 'download_refused')
    expect(factsOf(mine.attemptId)).toEqual([
      { kind: 'download_refused', attemptId: mine.attemptId, reason: 'expired' },
    ])
  })

  it('work that was stopped, from the moment the scheduler says so, until it says otherwise', async () => {
    const url = await start()
    const mine = grant()
    const status = async () => (await fetch(`${url}/${mine.path}/f`, { method: 'HEAD' })).status
    const say = (campaignIds: string[], artifactIds: string[]) =>
      scheduler.announce(transferStopsChanged, [{ id: ids.event(), key: 'all', data: { campaignIds, artifactIds } }])
    expect(await status()).toBe(200)
    say([CAMPAIGN], [])
    await waitUntil(async () => (await status()) === 503)
    const refusedNow = await fetch(`${url}/${mine.path}/f`)
    expect(refusedNow.headers.get('retry-after')).toBe('30')
    say([], [ARTIFACT])
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await status()).toBe(503)
    say([], [])
    await waitUntil(async () => (await status()) === 200)
    await told(mine.attemptId, 'download_refused')
    expect(factsOf(mine.attemptId)[0]).toMatchObject({ reason: 'stopped' })
  })

  it('everything, as long as it was never learnt what is stopped: 503, not charged to the device', async () => {
    schedulerKnows = false
    const url = await start()
    const mine = grant()
    expect((await fetch(`${url}/${mine.path}/f`)).status).toBe(503)
    await told(mine.attemptId, 'download_refused')
    expect(factsOf(mine.attemptId)[0]).toMatchObject({ reason: 'shedding' })
    schedulerKnows = true
    await waitUntil(async () => (await fetch(`${url}/${mine.path}/f`, { method: 'HEAD' })).status === 200)
  })

  it('fault 56: an image that is not there: 503, because that is not the fault of the device', async () => {
    const url = await start()
    const artifactId = ids.artifact()
    const status = async () => (await fetch(`${url}/${grant({ artifactId }).path}/f`)).status
    const mine = grant({ artifactId })
    expect((await fetch(`${url}/${mine.path}/f`)).status).toBe(503)
    await told(mine.attemptId, 'download_refused')
    expect(factsOf(mine.attemptId)[0]).toMatchObject({ reason: 'shedding' })
    await images.quarantine(
      artifactId,
      (async function* () {
        yield IMAGE
      })(),
      { maxBytes: 1e9 },
    )
    expect(await status()).toBe(503)
    await images.promote(artifactId, SHA)
    expect(await status()).toBe(200)
  })
})

describe('credentials', () => {
  const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

  it('request 11: are not needed beside a good token, but wrong ones are refused', async () => {
    const url = await start()
    const mine = grant()
    const ask = async (authorization: string) =>
      (await fetch(`${url}/${mine.path}/f`, { method: 'HEAD', headers: { authorization } })).status
    expect(await ask(basic(mine.username, mine.password))).toBe(200)
    expect(await ask(basic(mine.username, 'wrong'))).toBe(401)
    expect(await ask(basic('somebody', mine.password))).toBe(401)
    expect(await ask(basic(mine.username, grant().password))).toBe(401)
    expect(await ask('Bearer x')).toBe(401)
    await told(mine.attemptId, 'download_refused')
    expect(factsOf(mine.attemptId)[0]).toMatchObject({ reason: 'unauthorized' })
  })

  const targetOf = ({ path }: { path: string }) => `/${path}/f`
  function digestOf(mine: ReturnType<typeof grant>, challenge: Response, password = mine.password): string {
    const said = answerChallenge({
      challenges: challenge.headers.get('www-authenticate')!,
      method: 'GET',
      uri: targetOf(mine),
      username: mine.username,
      password,
      cnonce: 'c0ffee',
      nc: 1,
    })
    return said.kind === 'answer' ? said.authorization : 'none'
  }

  it('where required, are asked for by digest; the question itself is no refusal', async () => {
    const url = await start({ requireCredentials: true })
    const mine = grant()
    const ask = (headers: Record<string, string>) => fetch(url + targetOf(mine), { headers })
    const first = await ask({})
    expect(first.status).toBe(401)
    expect(first.headers.get('www-authenticate')).toMatch(/^Digest /)
    expect((await ask({ authorization: digestOf(mine, first, 'wrong') })).status).toBe(401)
    expect((await bytesOf(await ask({ authorization: digestOf(mine, first) }))).length).toBe(IMAGE.length)
    await told(mine.attemptId, 'download_refused', 'first_byte_served', 'last_byte_served')
  })

  it('by a nonce from before the key was changed are asked for again, which is no refusal', async () => {
    const before = await start({ requireCredentials: true })
    const after = await start({ requireCredentials: true, keys: [Buffer.alloc(32, 8), KEY] })
    const mine = grant()
    const old = digestOf(mine, await fetch(before + targetOf(mine)))
    const again = await fetch(after + targetOf(mine), { headers: { authorization: old } })
    expect([again.status, again.headers.get('www-authenticate')]).toEqual([401, expect.stringMatching(/stale=true$/)])
    const served = await fetch(after + targetOf(mine), { headers: { authorization: digestOf(mine, again) } })
    expect((await bytesOf(served)).length).toBe(IMAGE.length)
    await told(mine.attemptId, 'first_byte_served', 'last_byte_served')
  })
})

describe('limits', () => {
  /** Asks for the image and then reads nothing. */
  async function holdOpen(url: string, path: string) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write(`GET /${path}/f HTTP/1.1\r\nHost: x\r\n\r\n`)
    await once(socket, 'readable')
    return socket
  }

  /** Larger than what sockets hold on the way. */
  async function largeImage() {
    const bytes = randomBytes(20_000_000)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const artifactId = ids.artifact()
    await images.quarantine(
      artifactId,
      (async function* () {
        yield bytes
      })(),
      { maxBytes: 1e9 },
    )
    await images.promote(artifactId, sha256)
    return { artifactId }
  }

  it('let one attempt take only so many connections, and all of them together only so many', async () => {
    const big = await largeImage()
    const url = await start({ maxTransfersPerAttempt: 1, maxTransfers: 2 })
    const [one, two, three] = [grant(big), grant(big), grant(big)]
    const first = await holdOpen(url, one.path)
    expect((await fetch(`${url}/${one.path}/f`)).status).toBe(503)
    await told(one.attemptId, 'first_byte_served', 'download_refused')
    expect(factsOf(one.attemptId)[1]).toMatchObject({ reason: 'shedding' })
    const second = await holdOpen(url, two.path)
    expect((await fetch(`${url}/${three.path}/f`)).status).toBe(503)
    first.destroy()
    await waitUntil(async () => (await fetch(`${url}/${three.path}/f`, { method: 'HEAD' })).status === 200)
    second.destroy()
    expect(factsOf(one.attemptId).map((fact) => fact.kind)).not.toContain('last_byte_served')
  })

  it('close a connection that never finishes its request', async () => {
    const url = await start({ idleMs: 300 })
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    // Read, or a 408 that nobody takes keeps the socket from closing.
    socket.resume().write('GET /f HTTP/1.1\r\nHost:')
    await once(socket, 'close')
  })

  it('close a connection whose device reads nothing, and give its place to another', async () => {
    const big = await largeImage()
    const url = await start({ idleMs: 2_000, maxTransfersPerAttempt: 1 })
    const mine = grant(big)
    const socket = await holdOpen(url, mine.path)
    socket.on('error', () => undefined)
    expect((await fetch(`${url}/${mine.path}/f`, { method: 'HEAD' })).status).toBe(503)
    await waitUntil(async () => (await fetch(`${url}/${mine.path}/f`, { method: 'HEAD' })).status === 200)
    socket.destroy()
  })

  it('fault 56: let a store be slow, which holds up nobody else; where it is too slow for a connection, its place is free and the device not to blame', async () => {
    const { artifactId } = await largeImage()
    const digest = await images.digestOf(artifactId)
    const answers = Promise.withResolvers<void>()
    const slow: FileServerParts['images'] = {
      ...images,
      open: async (sha256, range) => {
        if (sha256 === digest && range!.first > 0) await answers.promise
        return images.open(sha256, range)
      },
    }
    const url = await start({ idleMs: 3_000, maxTransfersPerAttempt: 1 }, { images: slow })
    const mine = grant({ artifactId })
    const socket = await holdOpen(url, mine.path)
    socket.on('error', () => undefined).resume()
    const other = grant()
    expect((await bytesOf(await fetch(`${url}/${other.path}/f`))).length).toBe(IMAGE.length)
    await told(other.attemptId, 'first_byte_served', 'last_byte_served')
    await told(mine.attemptId, 'first_byte_served', 'download_refused')
    expect(factsOf(mine.attemptId)[1]).toMatchObject({ reason: 'shedding' })
    await waitUntil(async () => (await fetch(`${url}/${mine.path}/f`, { method: 'HEAD' })).status === 200)
    answers.resolve()
    const patient = await start({}, { images: slow })
    expect((await bytesOf(await fetch(`${patient}/${mine.path}/f`))).length).toBe(20_000_000)
    await waitUntil(() => factsOf(mine.attemptId).some(({ kind }) => kind === 'last_byte_served'))
  })

  it('fault 55: let a transfer under way end when the server stops, and take no new one', async () => {
    const url = await start({ drainMs: 60_000 })
    const mine = grant(await largeImage())
    const response = await fetch(`${url}/${mine.path}/f`)
    const stopping = running.pop()!.stop()
    expect((await bytesOf(response)).length).toBe(20_000_000)
    await stopping
    await told(mine.attemptId, 'first_byte_served', 'last_byte_served')
    await expect(fetch(`${url}/${mine.path}/f`)).rejects.toThrow()
  })

  it('a transfer cut off because the server stops is told as not the fault of the device', async () => {
    const url = await start({ drainMs: 100 })
    const [whole, mine] = [grant(), grant(await largeImage())]
    await bytesOf(await fetch(`${url}/${whole.path}/f`))
    const socket = await holdOpen(url, mine.path)
    socket.on('error', () => undefined)
    await running.pop()!.stop()
    await told(mine.attemptId, 'first_byte_served', 'download_refused')
    expect(factsOf(mine.attemptId)[1]).toMatchObject({ reason: 'shedding' })
    await told(whole.attemptId, 'first_byte_served', 'last_byte_served')
    socket.destroy()
  })
})

it('tells what was served before it ends', async () => {
  const nothingFallsDue = { ...systemClock, after: () => () => undefined }
  const url = await start({}, { clock: nothingFallsDue })
  const mine = grant()
  await bytesOf(await fetch(`${url}/${mine.path}/f`))
  await running.pop()!.stop()
  await told(mine.attemptId, 'first_byte_served', 'last_byte_served')
})

it('fault 56: answers 503 where the store fails, and shows no token in the log of that', async () => {
  const broken = { ...images, digestOf: () => Promise.reject(new Error('the disk is gone')) }
  const url = await start({}, { images: broken })
  const mine = grant()
  const { status, headers } = await fetch(`${url}/${mine.path}/f`)
  expect([status, headers.get('retry-after')]).toEqual([503, '30'])
  const lines = () => logged.filter((line) => line.includes('files.request.failed')).join('')
  await waitUntil(() => lines().includes(mine.attemptId))
  expect(lines()).not.toContain(mine.path.slice(10, 24))
})

it('never logs a token or a password, and names the attempt of genuine requests alone', async () => {
  const url = await start()
  const [mine, forged] = [grant(), grant()]
  const before = logged.length
  for (const path of [
    `${mine.path}/router.bin`,
    mine.path,
    `${forged.path}A/f`,
    `f/${forged.attemptId}/${mine.path}`,
  ]) {
    await fetch(`${url}/${path}`, { method: 'HEAD' })
  }
  const linesOf = (text: string) => logged.slice(before).filter((line) => line.includes(text))
  await waitUntil(() => linesOf(`"attempt_id":"${mine.attemptId}"`).length === 2)
  await waitUntil(() => linesOf('"status":404').length === 2)
  expect(linesOf(forged.attemptId)).toEqual([])
  const all = logged.join('')
  expect(all).toContain('files.request.ended')
  // A part of one would do harm as well.
  for (const secret of secrets) expect(all).not.toContain(secret.slice(8, 22))
})
