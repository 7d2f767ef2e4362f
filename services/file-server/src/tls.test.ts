import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request, type RequestOptions } from 'node:https'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { systemClock } from '@sluice/runtime'
import { createAuthority, waitUntil } from '@sluice/testbed'
import { afterAll, expect, it } from 'vitest'
import type { TlsSettings } from './listeners.ts'
import { ask, askRaw } from './testing/ask.ts'
import { openStand } from './testing/stand.ts'

const operator = createAuthority()
const localhost = operator.sign('localhost')
const MODERN: TlsSettings = { port: 0, ...localhost, minVersion: 'TLSv1.2' }
const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'))
const stand = await openStand()
const image = await stand.store(randomBytes(9_000_000))
afterAll(async () => {
  await stand.close()
  rmSync(folder, { recursive: true, force: true })
})

const trusting = { host: '127.0.0.1', servername: 'localhost', ca: operator.ca, agent: false as const }

async function get(port: number, path: string, options: RequestOptions = {}) {
  const outgoing = request({ ...trusting, port, path, ...options }).end()
  const [incoming] = await once(outgoing, 'response')
  return { status: incoming.statusCode as number, body: await buffer(incoming) }
}

/** What `openssl s_client` gets for a HEAD, as an old CPE would ask; empty where there was no handshake. */
async function headByOpenssl(port: number, path: string, ...options: string[]): Promise<string> {
  const to = ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost', '-CAfile', operator.caFile]
  const client = spawn('openssl', [...to, '-verify_return_error', '-quiet', ...options])
  client.stdin.on('error', () => undefined)
  client.stdin.write(`HEAD ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  return (await buffer(client.stdout)).toString('latin1')
}

/** A connection that has its handshake behind it. */
async function shakeHands(port: number): Promise<TLSSocket> {
  const socket = connectTls({ ...trusting, port })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}

it('the same image comes over TLS and in the clear at once, by the server’s certificate', async () => {
  const { port, tlsPort } = await stand.start({ tls: MODERN })
  const mine = stand.grant(image.artifactId)
  expect((await ask(port, mine.path)).body.equals(image.bytes)).toBe(true)
  const secure = await get(tlsPort, mine.path, { headers: { range: 'bytes=100-' } })
  expect([secure.status, secure.body.equals(image.bytes.subarray(100))]).toEqual([206, true])
  await stand.told(mine.attemptId, 'first_byte_served', 'last_byte_served')
  await expect(get(tlsPort, mine.path, { ca: createAuthority('somebody else').ca })).rejects.toThrow()
})

it('plain HTTP can be off, and one of the two there must be', async () => {
  const { port, tlsPort } = await stand.start({ port: null, tls: MODERN })
  expect(port).toBe(0)
  expect((await get(tlsPort, stand.grant(image.artifactId).path, { method: 'HEAD' })).status).toBe(200)
  await expect(stand.start({ port: null })).rejects.toMatchObject({ code: 'invalid_settings' })
  await expect(stand.start({ tls: { ...MODERN, keyFile: '' } })).rejects.toMatchObject({ code: 'invalid_settings' })
  await expect(stand.start({ tls: { ...MODERN, keyFile: operator.sign('other').keyFile } })).rejects.toThrow(
    'SLUICE_FILES_TLS_KEY',
  )
})

it('TLS 1.2 and 1.3 are spoken, older versions only where it is said', async () => {
  const versions = ['-tls1', '-tls1_1', '-tls1_2', '-tls1_3']
  const heardBy = async (tls: TlsSettings) => {
    const { tlsPort } = await stand.start({ tls })
    const { path } = stand.grant(image.artifactId)
    // What OpenSSL itself takes for too weak by now.
    const heard = versions.map((version) => headByOpenssl(tlsPort, path, version, '-cipher', 'DEFAULT:@SECLEVEL=0'))
    return (await Promise.all(heard)).map((text) => text.startsWith('HTTP/1.1 200 '))
  }
  expect(await heardBy(MODERN)).toEqual([false, false, true, true])
  expect(await heardBy({ ...MODERN, minVersion: 'TLSv1' })).toEqual([true, true, true, true])
  expect(await heardBy({ ...MODERN, minVersion: 'TLSv1.3' })).toEqual([false, false, false, true])
})

it('a renewed certificate is shown without a restart, and transfers under way go on', async () => {
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  copyFileSync(localhost.certFile, certFile)
  copyFileSync(localhost.keyFile, keyFile)
  const every: (() => void)[] = []
  const clock = {
    ...systemClock,
    every: (ms: number, run: () => void) => (every.push(run), systemClock.every(ms, run)),
  }
  const { tlsPort } = await stand.start({ tls: { ...MODERN, certFile, keyFile } }, clock)
  const look = () => every.forEach((run) => run())
  const shown = async () => {
    const socket = await shakeHands(tlsPort)
    const { subject } = socket.getPeerCertificate()
    socket.destroy()
    return subject.CN
  }
  const mine = stand.grant(image.artifactId)
  const underWay = await shakeHands(tlsPort)
  underWay.write(`GET ${mine.path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
  await once(underWay, 'readable')

  const renewed = operator.sign('renewed')
  copyFileSync(renewed.certFile, certFile)
  look()
  writeFileSync(keyFile, 'half a file')
  look()
  expect(await shown()).toBe('localhost')
  copyFileSync(renewed.keyFile, keyFile)
  trusting.servername = 'renewed'
  await waitUntil(async () => {
    look()
    return (await shown().catch(() => null)) === 'renewed'
  })
  trusting.servername = 'localhost'
  const rest = await buffer(underWay)
  expect(rest.subarray(-image.bytes.length).equals(image.bytes)).toBe(true)
  await stand.told(mine.attemptId, 'first_byte_served', 'last_byte_served')
})

it('who never ends a handshake or a head is sent away, however busily', async () => {
  const { tlsPort } = await stand.start({ tls: MODERN, idleMs: 2_000 })
  const silent = connect(tlsPort, '127.0.0.1')
  const closed = [once(silent, 'close')]
  const drip = async (socket: Socket, bytes: string) => {
    for (const byte of bytes) {
      if (socket.destroyed) return
      socket.write(byte, 'latin1')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  // A ClientHello that says it is 512 bytes long.
  const halting = connect(tlsPort, '127.0.0.1').on('error', () => undefined)
  closed.push(once(halting, 'close'))
  void drip(halting, `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${'\x41'.repeat(400)}`)
  const wordy = await shakeHands(tlsPort)
  wordy.resume()
  closed.push(once(wordy, 'close'))
  void drip(wordy, `GET /f/x HTTP/1.1\r\nHost: x\r\nX-Long: ${'y'.repeat(400)}`)
  await Promise.all(closed)
})

it('what speaks the other protocol is sent away, and others are served on', async () => {
  const { port, tlsPort } = await stand.start({ tls: MODERN })
  expect(await askRaw(tlsPort, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).not.toContain('HTTP/1.1 2')
  expect(await askRaw(port, '\x16\x03\x01\x00\x05hello')).toMatch(/^HTTP\/1.1 400 /)
  expect((await get(tlsPort, stand.grant(image.artifactId).path, { method: 'HEAD' })).status).toBe(200)
})
