import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rm, symlink } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { waitUntil } from '@sluice/testbed'
import { afterAll, describe, expect, it } from 'vitest'
import { ask, askRaw, over } from './testing/ask.ts'
import { openStand } from './testing/stand.ts'

const stand = await openStand()
const small = await stand.store(randomBytes(1_000))
/** Larger than what sockets hold on the way. */
const large = await stand.store(randomBytes(20_000_000))
const { port } = await stand.start()
afterAll(() => stand.close())

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 0)
const head = (target: string, more = '') => `GET ${target} HTTP/1.1\r\nHost: x\r\n${more}Connection: close\r\n\r\n`
async function isServed() {
  const { body } = await ask(port, stand.grant(small.artifactId).path)
  return body.equals(small.bytes)
}

describe('a target', () => {
  it('that is no path to an image is 404, however it is written', async () => {
    const { token } = stand.grant(small.artifactId)
    const targets = [
      '/../../etc/passwd',
      '/f/../../../etc/passwd',
      '/f/..%2f..%2f..%2fetc%2fpasswd',
      '/f/%2e%2e/%2e%2e/etc/passwd',
      '/f/..\\..\\etc\\passwd',
      `/./f/${token}/fw.bin`,
      `/f/../f/${token}/fw.bin`,
      `/f//${token}/fw.bin`,
      `//f/${token}/fw.bin`,
      `/f/${token}%2ffw.bin`,
      `/f/${token}/fw.bin/..`,
      `/f/${token}/fw.bin?x=1`,
      `/f/${token}?`,
      `/f/${token}%00`,
      `/F/${token}/fw.bin`,
      `/f/${token}=`,
      `/f/${encodeURIComponent('\u0130')}${token.slice(6)}`,
      `ftp://x/f/${token}/fw.bin`,
      `http://${'h'.repeat(300)}/f/${token}/fw.bin`,
      '/sha256/' + small.sha256,
      '/_images/' + small.sha256,
      '*',
    ]
    for (const target of targets) {
      const answer = await askRaw(port, head(target))
      expect([target, statusOf(answer)]).toEqual([target, 404])
      expect(answer).toMatch(/content-length: 0\r\n/)
    }
  })

  it('in absolute form is that of its path, whatever host it names', async () => {
    for (const host of ['localhost', 'user:secret@127.0.0.1:99', 'elsewhere.example']) {
      const answer = await askRaw(port, head(`http://${host}${stand.grant(small.artifactId).path}`))
      expect([host, statusOf(answer)]).toEqual([host, 200])
    }
    expect(stand.logged.join('')).not.toContain('secret')
  })

  it('that is too long is refused before it is looked at', async () => {
    expect(statusOf(await askRaw(port, head(`/f/${'x'.repeat(10_000)}`)))).toBe(431)
  })
})

describe('a request', () => {
  it('that is none, or could be two, is refused, and the next one is served', async () => {
    const { path } = stand.grant(small.artifactId)
    const refused = [
      head(path, Array.from({ length: 3_000 }, (_, index) => `X-${index}: y\r\n`).join('')),
      head(path, `X: ${'y'.repeat(20_000)}\r\n`),
      head(path, 'Content-Length: 5\r\nContent-Length: 6\r\n'),
      head(path, 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'),
      head(path, 'Transfer-Encoding: cow\r\n'),
      head(path, 'Content-Length: -1\r\n'),
      head(path, 'X : y\r\n'),
      head(path, 'X: y\0z\r\n'),
      `GET ${path} HTTP/1.1\r\n\r\n`,
      `GET ${path} HTTP/9.9\r\nHost: x\r\n\r\n`,
      `GET http:${path} HTTP/1.1\r\nHost: x\r\n\r\n`,
      `GET /f/\x01 HTTP/1.1\r\nHost: x\r\n\r\n`,
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      randomBytes(4_000).toString('latin1'),
    ]
    for (const bytes of refused) {
      const status = statusOf(await askRaw(port, bytes))
      expect([bytes.slice(0, 200), status >= 400 && status < 500]).toEqual([bytes.slice(0, 200), true])
    }
    expect(await isServed()).toBe(true)
  })

  it('with another method is 405, and asks nothing of an attempt', async () => {
    const mine = stand.grant(small.artifactId)
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'PROPFIND']) {
      const answer = await ask(port, mine.path, {}, method)
      expect([method, answer.status, answer.headers.allow]).toEqual([method, 405, 'GET, HEAD'])
    }
    expect(statusOf(await askRaw(port, 'CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n'))).toBe(0)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(stand.factsOf(mine.attemptId)).toEqual([])
  })

  it('with the longest Range and conditions there is room for is answered like any other', async () => {
    const ranges = `bytes=${'0-0,'.repeat(1_700)}`
    const tags = `"${'a,'.repeat(3_000)}"`
    const { path } = stand.grant(small.artifactId)
    expect(statusOf(await askRaw(port, head(path, `Range: ${ranges}\r\n`)))).toBe(200)
    expect(statusOf(await askRaw(port, head(path, `If-None-Match: ${tags}\r\n`)))).toBe(200)
    expect(statusOf(await askRaw(port, head(path, `If-Match: ${'W/'.repeat(3_000)}\r\n`)))).toBe(412)
    expect(statusOf(await askRaw(port, head(path, 'Range: bytes=0-1\r\nRange: bytes=5-6\r\n')))).toBe(200)
  })

  it('behind another one on its connection is answered in its turn', async () => {
    const { path } = stand.grant(small.artifactId)
    const first = `GET ${path} HTTP/1.1\r\nHost: x\r\nRange: bytes=0-9\r\n\r\n`
    const answers = await askRaw(port, first + head(path, 'Range: bytes=10-19\r\n'))
    expect(answers.match(/content-range: bytes [^\r]*/g)).toEqual([
      'content-range: bytes 0-9/1000',
      'content-range: bytes 10-19/1000',
    ])
  })
})

describe('a device', () => {
  it('that goes away gives all of its places back, also those of requests that waited in line', async () => {
    const { port: limited } = await stand.start({ maxTransfersPerAttempt: 2 })
    const mine = stand.grant(large.artifactId)
    const hold = async (requests: number) => {
      const socket = connect(limited, '127.0.0.1')
      socket.write(`GET ${mine.path} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(requests))
      await once(socket, 'readable')
      return socket
    }
    const status = async () => (await ask(limited, mine.path, {}, 'HEAD')).status
    const both = await hold(2)
    await waitUntil(async () => (await status()) === 503)
    both.destroy()
    await waitUntil(async () => (await status()) === 200)
    // One is back. With that one held again, the other has to be.
    const one = await hold(1)
    await waitUntil(async () => (await status()) === 200)
    one.destroy()
  })

  it('that reads a little at a time is cut off when its time is over', async () => {
    const { port: strict } = await stand.start({ maxTransferMs: 2_000, maxTransfersPerAttempt: 1 })
    const mine = stand.grant(large.artifactId)
    const socket = connect({ port: strict, host: '127.0.0.1' }).on('error', () => undefined)
    const closed = once(socket, 'close')
    socket.write(`GET ${mine.path} HTTP/1.1\r\nHost: x\r\n\r\n`)
    const sip = setInterval(() => socket.read(1), 20)
    await waitUntil(async () => (await ask(strict, mine.path, {}, 'HEAD')).status === 503)
    await waitUntil(async () => (await ask(strict, mine.path, {}, 'HEAD')).status === 200)
    clearInterval(sip)
    socket.resume()
    await closed
    expect(stand.factsOf(mine.attemptId).map(({ kind }) => kind)).not.toContain('last_byte_served')
  })

  it('that never ends the body of what is refused already is sent away', async () => {
    const { port: strict } = await stand.start({ idleMs: 1_000 })
    const socket = connect(strict, '127.0.0.1')
    socket.write('POST /f/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n')
    const drip = setInterval(() => socket.write('x'), 50)
    await over(socket)
    clearInterval(drip)
  })

  it('that opens more connections than there may be is not let in', async () => {
    const { port: narrow } = await stand.start({ maxConnections: 3 })
    const held = Array.from({ length: 3 }, () => connect(narrow, '127.0.0.1'))
    await Promise.all(held.map((socket) => once(socket, 'connect')))
    await expect(ask(narrow, stand.grant(small.artifactId).path)).rejects.toThrow()
    held[0]!.destroy()
    await waitUntil(() =>
      ask(narrow, stand.grant(small.artifactId).path).then(
        ({ status }) => status === 200,
        () => false,
      ),
    )
    for (const socket of held) socket.destroy()
  })
})

it('fault 56: an image that went away after it was known is 503 before a byte of it, and not the fault of the device', async () => {
  const image = await stand.store(randomBytes(500))
  const { port: forgetful } = await stand.start({ cacheBytes: 0 })
  expect((await ask(forgetful, stand.grant(image.artifactId).path)).body.equals(image.bytes)).toBe(true)
  await rm(join(stand.directory, 'sha256', image.sha256))
  const mine = stand.grant(image.artifactId)
  const { status, headers } = await ask(forgetful, mine.path)
  expect([status, headers['retry-after']]).toEqual([503, '30'])
  await stand.told(mine.attemptId, 'download_refused')
  expect(stand.factsOf(mine.attemptId)).toMatchObject([{ reason: 'shedding' }])
})

it('fault 56: a store that does not answer is not the fault of the device, before the head and amid the bytes, where it ends the connection', async () => {
  const image = await stand.store(randomBytes(20_000_000))
  const file = join(stand.directory, 'sha256', image.sha256)
  // It is not the silence that ends the connection.
  const { port: forgetful } = await stand.start({ cacheBytes: 0, idleMs: 600_000 })
  const amid = stand.grant(image.artifactId)
  const socket = connect(forgetful, '127.0.0.1').on('error', () => undefined)
  socket.write(head(amid.path))
  await once(socket, 'readable')
  // A link to itself is neither an image nor absent: opening it fails with ELOOP.
  await rm(file)
  await symlink(file, file)
  socket.resume()
  await stand.told(amid.attemptId, 'first_byte_served', 'download_refused')
  await waitUntil(() => socket.closed)
  expect(stand.factsOf(amid.attemptId)[1]).toMatchObject({ reason: 'shedding' })

  const before = stand.grant(image.artifactId)
  const { status, headers, body } = await ask(forgetful, before.path)
  expect([status, headers['retry-after'], body.length]).toEqual([503, '30', 0])
  await stand.told(before.attemptId, 'download_refused')
  expect(stand.factsOf(before.attemptId)).toMatchObject([{ reason: 'shedding' }])
})

it('what is paced arrives whole, and is told', async () => {
  const pace = { bytesPerSecond: 40_000_000, transferBytesPerSecond: 30_000_000 }
  const { port: paced } = await stand.start({ pace, maxTransfers: 100 })
  const both = [stand.grant(large.artifactId), stand.grant(large.artifactId)]
  const bodies = await Promise.all(both.map(({ path }) => ask(paced, path)))
  for (const { body } of bodies) expect(body.equals(large.bytes)).toBe(true)
  for (const { attemptId } of both) await stand.told(attemptId, 'first_byte_served', 'last_byte_served')
})

it('a budget that would starve its transfers, or that nginx cannot keep, is refused', async () => {
  const pace = (bytesPerSecond: number, transferBytesPerSecond = 0) => ({
    pace: { bytesPerSecond, transferBytesPerSecond },
  })
  await expect(stand.start(pace(100_000))).rejects.toMatchObject({ code: 'invalid_settings' })
  // Pieces grow with the budget: for a turn 5,000 transfers wait as long at either of these.
  const narrow = { maxTransfers: 5_000, idleMs: 60_000 }
  for (const bytesPerSecond of [4_000_000, 30_000_000]) {
    await expect(stand.start({ ...narrow, ...pace(bytesPerSecond) })).rejects.toThrow('5000 transfers would wait 40 s')
  }
  await expect(stand.start(pace(0, 500))).rejects.toThrow('SLUICE_FILES_TRANSFER_BYTES_PER_SECOND')
  await expect(stand.start({ ...pace(1e9), nginx: { transferLogPort: 0 } })).rejects.toThrow(
    'SLUICE_FILES_BYTES_PER_SECOND',
  )
})

it('a budget for as many transfers as there may be by default is taken', async () => {
  for (const bytesPerSecond of [2_000_000, 10_000_000, 100_000_000]) {
    await stand.start({ pace: { bytesPerSecond, transferBytesPerSecond: 0 } })
  }
})

it('TLS of its own is refused where nginx sends the bytes: past nginx there is nothing to get', async () => {
  const tls = { port: 0, certFile: 'cert.pem', keyFile: 'key.pem', minVersion: 'TLSv1.2' } as const
  await expect(stand.start({ nginx: { transferLogPort: 0 }, tls })).rejects.toThrow('SLUICE_FILES_TLS_PORT')
})
