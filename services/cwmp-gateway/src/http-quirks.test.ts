import { connect } from 'node:net'
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { answered } from '@sluice/contracts'
import { answerChallenge, ha1 } from '@sluice/http-auth'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { createCpe, envelope, type Heard, informBody, type TestCpe } from './testing/cpe.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { natsTransport } from './testing/transports.ts'
import { hint } from './testing/upgrade-parts.ts'

let stand: Stand
let serial: string
let cpe: TestCpe
const port = () => stand.gateways[0]!.port
const informed = () => stand.informed.filter(({ deviceKey }) => deviceKey === cpe.deviceKey)
const inform = () => envelope('1-2', '1', informBody(serial, '1.0', ['2 PERIODIC']))

const open = (settings: Parameters<typeof openStand>[0] = {}) => {
  beforeAll(async () => {
    stand = await openStand({ transport: await natsTransport(inject('natsUrl')), ...settings })
  })
  afterAll(() => stand.close())
  beforeEach((context) => {
    serial = `S${context.task.id}`.replace(/[^A-Za-z0-9]/g, '')
    cpe = createCpe({ serial, port })
    return () => cpe.close()
  })
}

/** Writes these bytes, and reads until the server closes or has been silent for a while. */
function exchange(text: string | Buffer, quietMs = 200): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port(), '127.0.0.1', () => socket.write(text))
    let heard = ''
    let quiet: NodeJS.Timeout | undefined
    const done = () => {
      clearTimeout(quiet)
      socket.destroy()
      resolve(heard)
    }
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString()
      clearTimeout(quiet)
      quiet = setTimeout(done, quietMs)
    })
    socket.on('close', done)
    socket.on('error', reject)
  })
}

describe('without authentication', () => {
  open()

  const cookieForms: [string, (value: string) => string][] = [
    ['separated by a comma', (value) => `a=b,${value}`],
    ['in quotes', (value) => value.replace('=', '="') + '"'],
    ['with the attributes of Set-Cookie behind', (value) => `${value}; Path=/; HttpOnly`],
    ['with the attributes of Set-Cookie before', (value) => `Path=/; ${value}`],
  ]
  test.each(cookieForms)('quirk 1: a cookie %s continues its session', async (_, form) => {
    await stand.hotStore.place([hint(cpe.deviceKey)])
    await cpe.inform()
    expect((await cpe.post('', { cookie: form(cpe.cookie ?? '') })).rpc).toBe('GetParameterValues')
  })

  test('quirk 1: an Inform with the cookie of an old session begins a new one', async () => {
    await cpe.inform()
    const old = cpe.cookie
    expect((await cpe.inform()).rpc).toBe('InformResponse')
    expect(cpe.cookie).not.toBe(old)
    await waitUntil(() => informed().length === 2)
    expect(new Set(informed().map(({ sessionId }) => sessionId)).size).toBe(2)
  })

  test('quirk 2: the cookie has a Path, and nothing that a fragile client could fall over', async () => {
    const heard = await cpe.inform()
    expect(heard.headers['set-cookie']).toEqual([expect.stringMatching(/^sluice=[\w.-]{1,64}; Path=\/; HttpOnly$/)])
  })

  test('quirk 19: the charset of the Content-Type is what the body is read in', async () => {
    const latin = createCpe({ serial: `${serial}é`, port })
    const body = Buffer.from(envelope('1-2', '1', informBody(`${serial}é`, '1.0', ['2 PERIODIC'])), 'latin1')
    expect((await latin.post(body, { 'content-type': 'text/xml; charset=ISO-8859-1' })).rpc).toBe('InformResponse')
    await waitUntil(() => stand.informed.some(({ deviceKey }) => deviceKey === latin.deviceKey))
    expect(stand.informed.at(-1)).toMatchObject({ serialNumber: `${serial}é` })
    latin.close()
  })

  test('quirk 39: every reply has a Content-Length', async () => {
    const replies: Heard[] = [
      await cpe.empty(),
      await cpe.inform(),
      await cpe.say('GetRPCMethods'),
      await cpe.post('', {}),
      await cpe.post('<a'),
      await cpe.post('x'.repeat(4_200_000)),
      await cpe.post('x', { 'content-encoding': 'br' }),
    ]
    expect(replies.map(({ status }) => status)).toEqual([204, 200, 200, 204, 400, 413, 415])
    for (const { headers, body } of replies) {
      expect(Number(headers['content-length'])).toBe(Buffer.byteLength(body))
      expect(headers['transfer-encoding']).toBeUndefined()
    }
  })

  test('quirk 40: a chunked Inform without a Content-Length is an Inform', async () => {
    const body = inform()
    const half = Math.floor(body.length / 2)
    const chunks = [body.slice(0, half), body.slice(half), ''].map(
      (part) => `${part.length.toString(16)}\r\n${part}\r\n`,
    )
    const head = 'POST /acs HTTP/1.1\r\nHost: acs\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n'
    expect(await exchange(head + chunks.join(''))).toMatch(/^HTTP\/1\.1 200 [^]*InformResponse/)
    await waitUntil(() => informed().length === 1)
  })

  test('quirk 40: a chunked POST of nothing is an empty POST', async () => {
    await cpe.inform()
    const head = 'POST /acs HTTP/1.1\r\nHost: acs\r\nTransfer-Encoding: chunked\r\n'
    expect(await exchange(`${head}Cookie: ${cpe.cookie}\r\n\r\n0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 204 /)
  })

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
  ])('quirk 41: an Inform in %s is an Inform', async (coding, pack) => {
    expect((await cpe.post(pack(inform()), { 'content-encoding': coding })).rpc).toBe('InformResponse')
    await waitUntil(() => informed().length === 1)
  })

  test('quirk 43: a session may take a new connection for each POST, in HTTP/1.0', async () => {
    await stand.hotStore.place([hint(cpe.deviceKey)])
    const send = (body: string, cookie = '') =>
      exchange(`POST /acs HTTP/1.0\r\n${cookie}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
    const opened = await send(inform())
    expect(opened).toMatch(/InformResponse/)
    const [, cookie] = /set-cookie: ([^;]+);/i.exec(opened) ?? []
    expect(await send('', `Cookie: ${cookie}\r\n`)).toMatch(/cwmp:GetParameterValues/)
  })

  test('quirk 44: an Inform that is sent again and again is answered each time', async () => {
    for (let i = 0; i < 20; i++) {
      const again = createCpe({ serial, port, keepAlive: false })
      expect((await again.inform()).rpc).toBe('InformResponse')
      again.close()
    }
    expect((await cpe.inform()).rpc).toBe('InformResponse')
    expect((await cpe.empty()).status).toBe(204)
  })

  test.each([
    ['a scanner', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 405],
    [
      'TR-064',
      `POST /UD/act?1 HTTP/1.1\r\nHost: a\r\nContent-Length: 57\r\n\r\n${'<NewNTPServer1>`cd /tmp;wget x`</NewNTPServer1>'.padEnd(57)}`,
      400,
    ],
    ['JSON', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}', 400],
    ['a form', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na=b', 400],
    ['one zero byte', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n\0', 400],
  ])('quirk 50: %s is refused, and is no empty POST', async (_, text, status) => {
    expect(await exchange(text)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  })

  test.each(['text/html', 'application/soap+xml', 'application/json', '', ';', 'text/xml; charset="utf-8"'])(
    'quirk 52: an Inform whose Content-Type is "%s" is an Inform',
    async (type) => {
      expect((await cpe.post(inform(), { 'content-type': type })).rpc).toBe('InformResponse')
    },
  )

  test('bad input 30: a SOAPAction says nothing, and nor does a Content-Type on an empty POST', async () => {
    for (const soapaction of ['', '"cwmp:Inform"', 'cwmp:Reboot']) {
      expect((await cpe.post(inform(), { soapaction })).rpc).toBe('InformResponse')
    }
    expect((await cpe.post('', { 'content-type': 'text/xml', soapaction: '' })).status).toBe(204)
  })

  test('bad input 21: an empty POST before any Inform is 204, opens nothing and closes nothing', async () => {
    const heard = await cpe.empty()
    expect([heard.status, heard.headers['set-cookie']]).toEqual([204, undefined])
    expect((await cpe.inform()).rpc).toBe('InformResponse')
    const stranger = createCpe({ serial: 'other', port })
    expect((await stranger.empty()).status).toBe(204)
    stranger.close()
    expect((await cpe.say('GetRPCMethods')).rpc).toBe('GetRPCMethodsResponse')
  })

  test('bad input 23: a cookie of somebody else’s making names no session', async () => {
    await cpe.inform()
    const [name, token] = (cpe.cookie ?? '').split('.')
    const forged = [
      `${name}.${token!.startsWith('A') ? 'B' : 'A'}${token!.slice(1)}`,
      `${name}.`,
      `${name}`,
      'sluice=x',
      `${name}.${'A'.repeat(5_000)}`,
    ]
    for (const cookie of forged) {
      const heard = await cpe.post(envelope('1-2', '1', '<cwmp:GetRPCMethods/>'), { cookie })
      expect(heard.status).toBe(400)
    }
    expect((await cpe.say('GetRPCMethods')).rpc).toBe('GetRPCMethodsResponse')
  })

  test('bad input 28: 40 MB are 413 before they are read', async () => {
    const before = process.memoryUsage().rss
    const head = `POST /acs HTTP/1.1\r\nHost: acs\r\nContent-Length: ${40 * 1024 ** 2}\r\n\r\n`
    expect(await exchange(head + inform())).toMatch(/^HTTP\/1\.1 413 /)
    expect((process.memoryUsage().rss - before) / 1024 ** 2).toBeLessThan(40)
    expect(informed()).toEqual([])
  })
})

describe('with digest', () => {
  open({ settings: { auth: 'digest' } })
  beforeEach(() => {
    stand.onCredential = () => {
      const username = `00D09E-HomeBox-${serial}`
      return answered({ kind: 'known', candidates: [{ role: 'own', username, ha1: ha1(username, 'sluice', 'right') }] })
    }
  })
  const proofFor = (challenged: Heard, nc = 1) => {
    const challenges = challenged.headers['www-authenticate'] ?? ''
    const who = { username: `00D09E-HomeBox-${serial}`, password: 'right' }
    const answer = answerChallenge({ challenges, method: 'POST', uri: '/acs', cnonce: 'abc', nc, ...who })
    return { authorization: answer.kind === 'answer' ? answer.authorization : '' }
  }

  test('quirk 4: a CPE that answers a challenge on a new connection is let in', async () => {
    const fresh = createCpe({ serial, port, keepAlive: false })
    expect((await fresh.inform({ headers: proofFor(await fresh.inform()) })).rpc).toBe('InformResponse')
    expect((await fresh.empty()).status).toBe(204)
    fresh.close()
  })

  test('bad input 21: a client that probes with an empty POST for a challenge gets one, and its Inform is taken', async () => {
    const challenged = await cpe.empty()
    expect(challenged.status).toBe(401)
    expect((await cpe.inform({ headers: proofFor(challenged) })).rpc).toBe('InformResponse')
  })

  test('an empty POST in the middle of a session, while an answer is owed, does not end it', async () => {
    await stand.hotStore.place([hint(cpe.deviceKey)])
    await cpe.inform({ headers: proofFor(await cpe.inform()) })
    const asked = await cpe.empty()
    expect(asked.rpc).toBe('GetParameterValues')
    expect([200, 401]).toContain((await cpe.empty()).status)
  })

  test('a challenge tells nothing of a device, and has a Content-Length', async () => {
    const [one, two] = [await cpe.inform(), await cpe.post('anything')]
    for (const { status, body, headers } of [one, two]) {
      expect([status, body, headers['content-length'], headers['set-cookie']]).toEqual([401, '', '0', undefined])
    }
  })

  test('bad input 28: what is compressed is inflated for nobody who has no nonce of ours, nor asked about', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 ** 2, 'x'))
    const heard = await cpe.post(bomb, { 'content-encoding': 'gzip' })
    expect(heard.status).toBe(401)
    expect((await cpe.post('x', { 'content-encoding': 'br' })).status).toBe(401)
    expect((await cpe.post(bomb, { 'content-encoding': 'gzip', ...proofFor(heard) })).status).toBe(413)
    expect((await cpe.post('x', { 'content-encoding': 'br', ...proofFor(heard) })).status).toBe(415)
    const madeUp = { 'content-encoding': 'gzip', cookie: `sluice=${cpe.deviceKey}.${'A'.repeat(22)}` }
    expect((await cpe.post(bomb, madeUp)).status).toBe(401)
    const packed = { 'content-encoding': 'gzip', ...proofFor(heard) }
    expect((await cpe.post(gzipSync(inform()), packed)).rpc).toBe('InformResponse')
  })
})
