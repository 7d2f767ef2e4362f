import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { rm, symlink } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { startNginx, waitUntil } from '@sluice/testbed'
import { afterAll, describe, expect, it } from 'vitest'
import { ask, askRaw } from './testing/ask.ts'
import { openStand } from './testing/stand.ts'

const CONF = readFileSync(join(import.meta.dirname, '../../../deploy/nginx/files.conf'), 'utf8')

const stand = await openStand()
const image = await stand.store(randomBytes(20_000_000))
const small = await stand.store(randomBytes(1_000))
const files = await stand.start({
  nginx: { transferLogPort: 0 },
  pace: { bytesPerSecond: 0, transferBytesPerSecond: 50_000_000 },
})
const nginx = await startNginx(confAt)

/** The configuration as it is deployed, with the addresses of this test; each of these stands in it. */
function confAt(
  port: number,
  directory: string,
  asked: Pick<typeof files, 'port' | 'transferLogPort'> = files,
): string {
  const changes: [string, string][] = [
    ['file-server:7549', `127.0.0.1:${asked.port}`],
    ['file-server:7550', `127.0.0.1:${asked.transferLogPort}`],
    ['listen 7549', `listen 127.0.0.1:${port}`],
    ['/images/', `${stand.directory}/`],
    ['/var/log/nginx/access.log', `${directory}/access.log`],
    ['sluice_transfers 2000', 'sluice_transfers 6'],
    ['sluice_attempts 4', 'sluice_attempts 2'],
  ]
  return changes.reduce((conf, [from, to]) => {
    if (!conf.includes(from)) throw new Error(`files.conf has no ${from}`)
    return conf.replaceAll(from, to)
  }, CONF)
}
afterAll(() => stand.close())

describe('behind nginx, which sends the bytes', () => {
  afterAll(() => nginx.stop())
  const logOf = () => readFileSync(join(nginx.directory, 'access.log'), 'utf8')
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    ask(nginx.port, path, headers, method)
  /** One more nginx, which asks this in place of the file server. */
  const startBefore = async (listener: RequestListener) => {
    const server = createServer(listener).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const other = await startNginx((at, directory) => confAt(at, directory, { ...files, port }))
    const stop = async () => {
      await other.stop()
      server.close()
    }
    return { port: other.port, stop }
  }

  it('a device gets the whole image, and the scheduler hears of the first and the last byte', async () => {
    const mine = stand.grant(image.artifactId)
    const { status, headers, body } = await get(mine.path)
    expect(status).toBe(200)
    expect(body.equals(image.bytes)).toBe(true)
    expect(headers).toMatchObject({
      etag: `"${image.sha256}"`,
      'accept-ranges': 'bytes',
      'cache-control': 'no-store',
      'content-type': 'application/octet-stream',
      'content-length': String(image.bytes.length),
    })
    expect(headers).not.toHaveProperty('last-modified')
    expect(headers).not.toHaveProperty('x-sluice-ticket')
    await stand.told(mine.attemptId, 'first_byte_served', 'last_byte_served')
    expect(stand.factsOf(mine.attemptId)[1]).toMatchObject({ bytes: image.bytes.length })
  })

  it('a device gets it in pieces: the last byte counts only once all of them left', async () => {
    const mine = stand.grant(image.artifactId)
    const tail = await get(mine.path, { range: 'bytes=-5000000' })
    expect([tail.status, tail.headers['content-range']]).toEqual([206, 'bytes 15000000-19999999/20000000'])
    expect(tail.body.equals(image.bytes.subarray(15_000_000))).toBe(true)
    await stand.told(mine.attemptId, 'first_byte_served')
    await get(mine.path, { range: 'bytes=0-14999998' })
    await get(mine.path, {}, 'HEAD')
    await new Promise((resolve) => setTimeout(resolve, 500))
    await stand.told(mine.attemptId, 'first_byte_served')
    await get(mine.path, { range: 'bytes=14999999-14999999' })
    await stand.told(mine.attemptId, 'first_byte_served', 'last_byte_served')
    expect(stand.factsOf(mine.attemptId)[1]).toMatchObject({ bytes: image.bytes.length })
  })

  it('a device that goes away before the end was not served the last byte', async () => {
    const mine = stand.grant(image.artifactId)
    const socket = connect(nginx.port, '127.0.0.1')
    socket.write(`GET ${mine.path} HTTP/1.1\r\nHost: x\r\n\r\n`)
    await new Promise((resolve) => socket.once('data', resolve))
    socket.destroy()
    await waitUntil(() =>
      stand.logged.some((line) => line.includes(mine.attemptId) && line.includes('files.transfer.ended')),
    )
    await new Promise((resolve) => setTimeout(resolve, 500))
    await stand.told(mine.attemptId, 'first_byte_served')
  })

  it('what the file server sends itself is told as the device takes it', async () => {
    const mine = stand.grant(image.artifactId)
    const socket = connect(nginx.port, '127.0.0.1')
    socket.write(`GET ${mine.path} HTTP/1.1\r\nHost: x\r\nIf-Match: *\r\n\r\n`)
    await once(socket, 'readable')
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    await stand.told(mine.attemptId, 'first_byte_served')
    socket.resume()
    await stand.told(mine.attemptId, 'first_byte_served', 'last_byte_served')
    socket.destroy()
  })

  it('ranges and conditions are answered as without nginx', async () => {
    const etag = `"${small.sha256}"`
    const past = new Date(0).toUTCString()
    const asked: [Record<string, string>, string][] = [
      [{ range: 'bytes=5-9' }, '206 bytes 5-9/1000'],
      [{ range: 'bytes=1000-' }, '416 bytes */1000'],
      [{ range: 'bytes=0-1,5-9' }, '200'],
      // What nginx by itself would read otherwise.
      [{ range: 'bytes=a-b' }, '200'],
      [{ range: 'bytes=9-5' }, '200'],
      [{ range: 'bytes=0 - 9' }, '200'],
      [{ range: 'bytes=,5-9' }, '206 bytes 5-9/1000'],
      [{ range: 'bytes=5-9,' }, '206 bytes 5-9/1000'],
      [{ range: 'bytes=5-99999999999999999999999' }, '206 bytes 5-999/1000'],
      [{ range: 'bytes=-99999999999999999999999' }, '206 bytes 0-999/1000'],
      [{ range: 'bytes=5-9', 'if-range': etag }, '206 bytes 5-9/1000'],
      [{ range: 'bytes=5-9', 'if-range': `W/${etag}` }, '200'],
      [{ range: 'bytes=5-9', 'if-range': '"another"' }, '200'],
      [{ range: 'bytes=5-9', 'if-range': past }, '200'],
      [{ 'if-none-match': etag }, '304'],
      [{ 'if-none-match': '"another"' }, '200'],
      [{ 'if-match': etag, range: 'bytes=5-9' }, '206 bytes 5-9/1000'],
      [{ 'if-match': '"another"' }, '412'],
      [{ 'if-modified-since': new Date(Date.now() + 1e9).toUTCString() }, '200'],
      [{ 'if-unmodified-since': past }, '200'],
    ]
    for (const [headers, expected] of asked) {
      const mine = stand.grant(small.artifactId)
      const { status, headers: said } = await get(mine.path, headers)
      expect([headers, [status, said['content-range']].join(' ').trim()]).toEqual([headers, expected])
      if (status < 400) expect(said.etag).toBe(etag)
    }
  })

  it('what is refused is refused: forged, expired, stopped', async () => {
    expect((await get(`/f/${'A'.repeat(98)}/fw.bin`)).status).toBe(404)
    expect((await get(`/_images/${image.sha256}`)).status).toBe(404)
    const past = stand.grant(image.artifactId, { expiresAt: 1 })
    expect((await get(past.path)).status).toBe(403)
    await stand.told(past.attemptId, 'download_refused')
    const mine = stand.grant(image.artifactId)
    stand.sayStopped({ campaigns: true })
    await waitUntil(async () => (await get(mine.path, {}, 'HEAD')).status === 503)
    const refused = await get(mine.path)
    expect([refused.status, refused.headers['retry-after'], refused.body.length]).toEqual([503, '30', 0])
    await stand.told(mine.attemptId, 'download_refused')
    stand.sayStopped({})
    await waitUntil(async () => (await get(mine.path, {}, 'HEAD')).status === 200)
  })

  it('who is over the limits of nginx is shed by the file server, and not to blame', async () => {
    const mine = stand.grant(image.artifactId)
    const held = [0, 1].map(() => connect(nginx.port, '127.0.0.1'))
    for (const socket of held) {
      socket.write(`GET ${mine.path} HTTP/1.1\r\nHost: x\r\n\r\n`)
      await new Promise((resolve) => socket.once('readable', resolve))
    }
    const third = await get(mine.path)
    expect([third.status, third.headers['retry-after']]).toEqual([503, '30'])
    await stand.told(mine.attemptId, 'first_byte_served', 'download_refused')
    expect(stand.factsOf(mine.attemptId)[1]).toMatchObject({ reason: 'shedding' })
    for (const socket of held) socket.destroy()
    // What a client says of this itself is not passed on.
    const other = stand.grant(image.artifactId)
    await waitUntil(async () => (await get(other.path, { 'x-sluice-shed': '1' }, 'HEAD')).status === 200)
  })

  it('fault 56: an image that nginx cannot open is 503 without a page, and not the fault of the device', async () => {
    const gone = await stand.store(randomBytes(1_000))
    const file = join(stand.directory, 'sha256', gone.sha256)
    // Answered without nginx having opened it.
    expect((await get(stand.grant(gone.artifactId).path, {}, 'HEAD')).status).toBe(200)
    await rm(file)
    // Not there is 404 by nginx, a link to itself 403.
    for (const spoil of [() => undefined, () => symlink(file, file)]) {
      await spoil()
      const mine = stand.grant(gone.artifactId)
      const { status, headers, body } = await get(mine.path)
      expect([status, headers['retry-after'], body.length]).toEqual([503, '30', 0])
      await stand.told(mine.attemptId, 'first_byte_served', 'download_refused')
      expect(stand.factsOf(mine.attemptId)[1]).toMatchObject({ reason: 'shedding' })
    }
    const said = stand.logged.filter((line) => line.includes('files.image.missing') && line.includes(gone.artifactId))
    expect(said.length).toBe(2)
  })

  it('no page of nginx is sent where the file server goes away while it should say why', async () => {
    const other = await startBefore(({ headers, socket }, response) => {
      if (headers['x-sluice-shed'] !== undefined) socket.destroy()
      else response.writeHead(200, { 'x-accel-redirect': `/_images/${'0'.repeat(64)}`, 'content-length': 0 }).end()
    })
    const { status, headers, body } = await ask(other.port, '/')
    await other.stop()
    expect([status, headers['retry-after'], body.length]).toEqual([503, '30', 0])
  })

  it('who comes past nginx is told to come again', async () => {
    const { status, headers, body } = await ask(files.port, stand.grant(small.artifactId).path)
    expect([status, headers['retry-after'], body.length]).toEqual([503, '30', 0])
  })

  it('each transfer is held to its rate by nginx', async () => {
    const slow = await stand.start({
      nginx: { transferLogPort: 0 },
      pace: { bytesPerSecond: 0, transferBytesPerSecond: 50_000 },
    })
    const held = await startNginx((port, directory) => confAt(port, directory, slow))
    const socket = connect(held.port, '127.0.0.1')
    let bytes = 0
    socket.on('data', (chunk) => (bytes += chunk.length))
    socket.write(`GET ${stand.grant(image.artifactId).path} HTTP/1.1\r\nHost: x\r\n\r\n`)
    await waitUntil(() => bytes > 0)
    // As long as a whole transfer at a rate a thousand times higher takes.
    await get(stand.grant(image.artifactId).path)
    expect(bytes).toBeLessThan(image.bytes.length / 2)
    socket.destroy()
    await held.stop()
  })

  it('nginx keeps its connections to the file server, and says which host was asked', async () => {
    const asked: { host: string | undefined; from: number | undefined }[] = []
    const other = await startBefore(({ headers, socket }, response) => {
      asked.push({ host: headers.host, from: socket.remotePort })
      response.writeHead(404, { 'content-length': 0 }).end()
    })
    for (const host of ['one.example', 'two.example']) await ask(other.port, '/', { host })
    await other.stop()
    const [first, second] = asked.slice(-2)
    expect([first?.host, second?.host]).toEqual(['one.example', 'two.example'])
    expect(second?.from).toBe(first?.from)
  })

  it('no log shows a token, and a strange path shows nothing', async () => {
    const mine = stand.grant(image.artifactId)
    await get(mine.path, { range: 'bytes=0-0' })
    await get(`/f/../f/${mine.token}/fw.bin`)
    await get(`/x/${mine.token}`)
    await askRaw(
      nginx.port,
      `GET http://x${mine.path} HTTP/1.1\r\nHost: x\r\nRange: bytes=0-0\r\nConnection: close\r\n\r\n`,
    )
    await askRaw(nginx.port, `GET ${mine.path}\r\n\r\n`)
    await waitUntil(() => logOf().split('\n').length > 4)
    const all = logOf() + nginx.output() + stand.logged.join('')
    expect(all).toContain(`GET /f/${mine.token.slice(0, 4)}...`)
    expect(all).not.toContain(mine.token.slice(6, 30))
  })

  it('a file server that is away: 503 and Retry-After without a page, and still no token in a log', async () => {
    const away = await startNginx((port, directory) =>
      confAt(port, directory).replace(`server 127.0.0.1:${files.port}`, 'server 127.0.0.1:1'),
    )
    const mine = stand.grant(image.artifactId)
    const { status, headers, body } = await ask(away.port, mine.path)
    expect([status, headers['retry-after'], body.length]).toEqual([503, '30', 0])
    const requests = readFileSync(join(away.directory, 'access.log'), 'utf8')
    await away.stop()
    // Once it has ended, all that it said has come.
    expect(requests + away.output()).not.toContain(mine.token.slice(6, 30))
  })
})
