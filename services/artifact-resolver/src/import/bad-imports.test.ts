import { rename, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { waitUntil } from '@sluice/testbed'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startRawSource, writeForEver, type RawSource } from '../testing/raw-source.ts'
import { MAX_BYTES, sha256Of, startResolverWorld, type ResolverWorld } from '../testing/resolver-world.ts'

const IMAGE = Buffer.alloc(5_000, 'firmware ')
/** What a socket's buffers on both sides may hold of what nobody asked for. */
const BUFFERED = 16 * 1024 * 1024
/** A source is asked so often, and then given up. */
const ATTEMPTS = 5

let world: ResolverWorld
let sources: RawSource[] = []
beforeAll(async () => {
  world = await startResolverWorld()
})
afterAll(() => world.close())
afterEach(async () => {
  Object.assign(world.imports, PATIENT)
  for (const source of sources.splice(0)) await source.close()
})

async function source(answer: (socket: Socket, head: string) => void, host?: string): Promise<RawSource> {
  const started = await startRawSource(answer, host)
  sources.push(started)
  return started
}
const PATIENT = { deadlineMs: 60_000, idleMs: 30_000, retryMs: 10 }
const ok =
  (headers: string, body: Uint8Array | string = '') =>
  (socket: Socket) => {
    socket.write(`HTTP/1.1 200 OK\r\n${headers}\r\n`)
    if (body.length > 0) socket.write(body)
  }
/** The reason why an import of it is over, and how often it was tried; nothing of it may have stayed anywhere. */
async function reasonOf(answer: (socket: Socket, head: string) => void, draft = {}) {
  const from = await source(answer)
  const artifactId = await world.create({ sourceUrl: `${from.url}/fw.bin`, ...draft })
  const artifact = await world.becomes(artifactId, 'rejected')
  await waitUntil(async () => from.open() === 0 && (await world.stored()).incoming.length === 0)
  expect(await world.stored()).toEqual({ incoming: [], quarantine: [], promoted: [] })
  expect(world.registered.filter((event) => event.artifactId === artifactId)).toEqual([])
  const [{ code, detail } = { code: '', detail: '' }, ...others] = artifact.verdict?.reasons ?? []
  expect(others).toEqual([])
  expect(artifact.import).toEqual({ state: 'given_up', attempts: from.connections(), detail })
  expect(await world.resolve(artifactId)).toBe('not_trusted')
  return { why: `${code}: ${detail}`, connections: from.connections(), written: from.written() }
}

describe('bad input 41: where an import leads', () => {
  it.each([
    ['file:///etc/passwd', 'only http and https are fetched'],
    ['ftp://vendor.example/fw', 'only http and https are fetched'],
    ['http://localhost.:80\r\nHost: inside/', 'plain ASCII'],
    ['http://vendor.example/%0d%0a\tx', 'plain ASCII'],
    ['http://user:secret@vendor.example/', 'user name or password'],
    ['http://127.0.0.2/', 'not to be fetched from'],
    ['http://0177.0.0.2/', 'not to be fetched from'],
    ['http://2130706434/', 'not to be fetched from'],
    ['http://127.0.0.2./', 'not to be fetched from'],
    ['http://10.1.2.3/', 'not to be fetched from'],
    ['http://100.64.0.1/', 'not to be fetched from'],
    ['http://169.254.169.254/latest/meta-data', 'not to be fetched from'],
    ['http://239.0.0.1/', 'not to be fetched from'],
    ['http://[::ffff:10.0.0.1]/', 'not to be fetched from'],
    ['http://[64:ff9b::a00:1]/', 'not to be fetched from'],
    ['s3://bucket/key', 'no S3 store is set up'],
  ])('refuses %s at once, and makes no artifact of it', async (sourceUrl, why) => {
    await expect(world.create({ sourceUrl })).rejects.toThrow(new RegExp(`source_refused: .*${why}`))
    expect(await world.sql.query('select 1 from resolver.artifacts where source_url = $1', [sourceUrl])).toEqual([])
  })

  it.each([
    ['file:///etc/passwd', 'only http and https'],
    ['http://user:pw@127.0.0.1/', 'user name or password'],
    ['http://169.254.169.254/', 'not to be fetched from'],
    ['//[::ffff:127.0.0.2]/', 'not to be fetched from'],
    ['http://127.0.0.1\t.evil.example/', 'no URL'],
    ['\\\\127.0.0.1\\fw', 'no URL'],
  ])('refuses a redirect to %j after one connection', async (location, why) => {
    const found = await reasonOf((socket) =>
      socket.end(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`),
    )
    expect(found.why).toMatch(new RegExp(`^source_refused: .*${why}`))
    expect(found.connections).toBe(1)
  })

  it('never connects inside by a redirect', async () => {
    const inside = await source(ok('Content-Length: 6\r\n', 'secret'), '127.0.0.2')
    const found = await reasonOf((socket) => socket.end(`HTTP/1.1 307 Go\r\nLocation: ${inside.url}/\r\n\r\n`))
    expect(found.why).toBe('source_refused: this address is not to be fetched from')
    expect(inside.connections()).toBe(0)
  })

  it('fault 56: asks for the whole, as the operator wrote it, without credentials; a line end in a Location starts no second header', async () => {
    const heads: string[] = []
    const from = await source((socket, head) => {
      heads.push(head)
      if (heads.length === 1)
        socket.end('HTTP/1.1 302 Found\r\nLocation: /b\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n')
      else ok(`Content-Length: ${IMAGE.length}\r\n`, IMAGE)(socket)
    })
    const artifactId = await world.create({ sourceUrl: `${from.url}/a?x=%0d%0aCookie:%20c` })
    await world.becomes(artifactId, 'quarantined')
    expect(heads.map((head) => head.split('\r\n')[0])).toEqual([
      'GET /a?x=%0d%0aCookie:%20c HTTP/1.1',
      'GET /b HTTP/1.1',
    ])
    expect(heads.join('').toLowerCase()).not.toMatch(/\n(?:cookie|authorization|referer|range):/)
    const { attempts } = (await world.get(artifactId)).import!
    expect([attempts, world.registered.at(-1)?.sha256]).toEqual([1, sha256Of(IMAGE)])
    await emptyQuarantine(artifactId)
  })

  it('ends redirects that go round after four requests', async () => {
    const from = await source((socket) => socket.end('HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n'))
    const artifactId = await world.create({ sourceUrl: `${from.url}/` })
    const { verdict } = await world.becomes(artifactId, 'rejected')
    expect(verdict?.reasons).toEqual([{ code: 'source_refused', detail: 'more than 3 redirects' }])
    expect(from.connections()).toBe(4)
  })
})

describe('bad input 40: a source that', () => {
  it.each([
    ['says nothing', () => undefined, { idleMs: 100 }, /no answer .*nothing came for 100 ms/],
    [
      'stalls within its head',
      (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\nContent-'),
      { idleMs: 100 },
      /no answer .*nothing came for/,
    ],
    [
      'stalls within the image',
      ok('Content-Length: 5000\r\n', IMAGE.subarray(0, 100)),
      { idleMs: 100 },
      /nothing came for/,
    ],
    [
      'drips',
      (socket: Socket) => (ok('Content-Length: 5000\r\n')(socket), writeForEver(socket, 'x', 20)),
      { deadlineMs: 400 },
      /longer than 400 ms/,
    ],
  ] as const)('fault 56: slow: %s is asked five times, and then given up', async (_, answer, limits, why) => {
    Object.assign(world.imports, limits)
    const found = await reasonOf(answer)
    expect(found.why).toMatch(/^source_failed: /)
    expect(found.why).toMatch(why)
    expect(found.connections).toBe(ATTEMPTS)
    expect(found.written).toBeLessThan(ATTEMPTS * 5_000)
  })

  it.each([
    ['breaks off', (socket: Socket) => (ok('Content-Length: 5000\r\n', 'half')(socket), socket.end()), /broke off/],
    ['resets', (socket: Socket) => socket.resetAndDestroy(), /no answer .*ECONNRESET/],
    [
      'announces more than it sends',
      (socket: Socket) => (ok('Content-Length: 5001\r\n', IMAGE)(socket), socket.end()),
      /broke off/,
    ],
    [
      'ends its chunks without the last',
      (socket: Socket) => (ok('Transfer-Encoding: chunked\r\n', '4\r\nhalf\r\n')(socket), socket.end()),
      /broke off/,
    ],
    ['is busy', (socket: Socket) => socket.end('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'), /answered 503/],
    ['talks something else', (socket: Socket) => socket.end('220 ftp ready\r\n'), /no answer .*HPE_/],
    [
      'sends a head without end',
      (socket: Socket) => (socket.write('HTTP/1.1 200 OK\r\n'), writeForEver(socket, `X-A: ${'a'.repeat(1_000)}\r\n`)),
      /no answer .*HPE_HEADER_OVERFLOW/,
    ],
    [
      'sends interim answers without end',
      (socket: Socket) => writeForEver(socket, 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(100)),
      /interim answers without end/,
    ],
  ] as const)('fault 56: failing: %s is asked five times, and then given up', async (_, answer, why) => {
    const found = await reasonOf(answer)
    expect(found.why).toMatch(/^source_failed: /)
    expect(found.why).toMatch(why)
    expect(found.connections).toBe(ATTEMPTS)
    expect(found.written).toBeLessThan(ATTEMPTS * BUFFERED)
  })

  it.each([
    ['announces more than an image has', ok(`Content-Length: ${MAX_BYTES + 1}\r\n`), `more than ${MAX_BYTES} bytes`],
    [
      'sends more than an image has',
      (socket: Socket) => (ok('')(socket), writeForEver(socket, Buffer.alloc(65_536))),
      `at most ${MAX_BYTES} bytes`,
    ],
    ['sends nothing', ok('Content-Length: 0\r\n'), 'no bytes'],
    ['has it no more', (socket: Socket) => socket.end('HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n'), 'answered 404'],
    ['sends a part', (socket: Socket) => socket.end('HTTP/1.1 206 Part\r\nContent-Length: 1\r\n\r\nx'), 'answered 206'],
    [
      'packs a bomb nobody asked for',
      ok('Content-Encoding: gzip\r\n', gzipSync(Buffer.alloc(50_000_000))),
      'a coding nobody asked for',
    ],
    [
      'packs it in its transfer coding',
      ok('Transfer-Encoding: gzip, chunked\r\n', '4\r\nhalf\r\n0\r\n\r\n'),
      'a coding nobody asked for',
    ],
  ] as const)('fault 56: not the image: %s is refused at once', async (_, answer, why) => {
    const found = await reasonOf(answer)
    expect(found.why).toContain(why)
    expect(found.connections).toBe(1)
    expect(found.written).toBeLessThan(BUFFERED)
  })

  it.each([
    ['is shorter than declared', { size: IMAGE.length + 1 }, `size_mismatch: declared 5001 bytes, measured 5000`],
    ['is longer than declared', { size: IMAGE.length - 1 }, 'source_refused: more than 4999 bytes'],
    ['has another digest', { sha256: 'a'.repeat(64) }, `digest_mismatch: declared SHA-256 ${'a'.repeat(64)}, measured`],
  ])('%s is refused at once', async (_, draft, why) => {
    const found = await reasonOf(ok(`Content-Length: ${IMAGE.length}\r\n`, IMAGE), draft)
    expect(found.why).toContain(why)
    expect(found.connections).toBe(1)
  })

  it.each([
    ['with too little', { size: IMAGE.length }, 'half', 'size_mismatch', 'declared 5000 bytes, measured 4'],
    ['with another digest', { sha256: sha256Of(IMAGE) }, 'half', 'digest_mismatch', 'measured '],
    ['with nothing', {}, '', 'image_empty', 'the image has no bytes'],
  ])(
    'ends %s, and never said how long it is, may have broken off: it is asked five times',
    async (_, draft, body, code, why) => {
      const cut = await reasonOf((socket) => (ok('')(socket), socket.end(body)), draft)
      expect(cut.why).toMatch(/^source_failed: .*, and nothing says whether it broke off$/)
      expect(cut.why).toContain(why)
      expect(cut.connections).toBe(ATTEMPTS)
      const whole = await reasonOf(
        (socket) => (ok(`Content-Length: ${body.length}\r\n`)(socket), socket.end(body)),
        draft,
      )
      expect(whole.why).toContain(`${code}: `)
      expect(whole.connections).toBe(1)
    },
  )

  it('never said how long it is, and sends all that was declared, did not break off', async () => {
    const other = { size: IMAGE.length, sha256: 'a'.repeat(64) }
    const found = await reasonOf((socket) => (ok('')(socket), socket.end(IMAGE)), other)
    expect(found.why).toContain('digest_mismatch: ')
    expect(found.connections).toBe(1)
  })

  it('writes the names of codings in capitals sends the image as well', async () => {
    const head = 'Content-Encoding: Identity\r\nTransfer-Encoding: Chunked\r\n'
    const from = await source(ok(head, '5\r\nimage\r\n0\r\n\r\n'))
    const artifactId = await world.create({ sourceUrl: `${from.url}/` })
    expect(await world.becomes(artifactId, 'quarantined')).toMatchObject({ sha256: sha256Of(Buffer.from('image')) })
    await emptyQuarantine(artifactId)
  })

  it('sends more than it announced gives what it announced, and no more', async () => {
    const from = await source(ok('Content-Length: 4000\r\n', IMAGE))
    const artifactId = await world.create({ sourceUrl: `${from.url}/` })
    expect(await world.becomes(artifactId, 'quarantined')).toMatchObject({
      size: 4_000,
      sha256: sha256Of(IMAGE.subarray(0, 4_000)),
    })
    await emptyQuarantine(artifactId)
  })

  it('fault 56: tells why it waits while it is asked again', async () => {
    const from = await source((socket) => socket.end('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'))
    world.imports.retryMs = 3_600_000
    const artifactId = await world.create({ sourceUrl: `${from.url}/` })
    await waitUntil(async () => JSON.stringify((await world.get(artifactId)).import).includes('503'))
    const { import: state, status } = await world.get(artifactId)
    expect([status, state]).toMatchObject([
      'awaiting_content',
      { state: 'waiting', attempts: 1, detail: `127.0.0.1:${from.port} answered 503` },
    ])
    expect(from.connections()).toBe(1)
  })

  it('fault 56: drips holds up no other', async () => {
    const slow = await source((socket) => (ok('Content-Length: 5000\r\n')(socket), writeForEver(socket, 'x', 50)))
    const quick = await source(ok(`Content-Length: ${IMAGE.length}\r\n`, IMAGE))
    await world.create({ sourceUrl: `${slow.url}/` })
    await waitUntil(() => slow.connections() === 1)
    const artifactId = await world.create({ sourceUrl: `${quick.url}/` })
    await world.becomes(artifactId, 'quarantined')
    expect(slow.open()).toBe(1)
  })
})

it('a fault of ours uses up no try of the source', async () => {
  let isBusy = false
  const from = await source((socket) => {
    if (isBusy) socket.end('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n')
    else ok(`Content-Length: ${IMAGE.length}\r\n`, IMAGE)(socket)
  })
  const incoming = join(world.imagesAt, 'incoming')
  await rename(incoming, `${incoming}-away`)
  const artifactId = await world.create({ sourceUrl: `${from.url}/` })
  await waitUntil(() => from.connections() > ATTEMPTS)
  const detail = 'the directory of images does not answer'
  expect((await world.get(artifactId)).import).toMatchObject({ state: 'waiting', attempts: 0, detail })
  const asked = from.connections()
  isBusy = true
  // Whose answer was the image is over by then.
  await waitUntil(() => from.connections() > asked)
  await rename(`${incoming}-away`, incoming)
  await world.becomes(artifactId, 'rejected')
  expect((await world.get(artifactId)).import).toMatchObject({ state: 'given_up', attempts: ATTEMPTS })
  // Nor is a connection left open whose bytes we had no place for.
  await waitUntil(() => from.open() === 0)
})

async function emptyQuarantine(artifactId: string): Promise<void> {
  await rm(join(world.imagesAt, 'quarantine', artifactId))
}
