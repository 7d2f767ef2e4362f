import { answered } from '@sluice/contracts'
import { answerChallenge, ha1 } from '@sluice/http-auth'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerValues, type Heard } from '../testing/cpe.ts'
import { type Field, type FieldCpe, openField } from './field.ts'
import { chunkedPost, rawPost, type RawReply } from './raw-line.ts'
import { DOWNLOAD_ACCEPTED, enveloped, transferComplete } from './written.ts'

let field: Field
let digestPort: number
beforeAll(async () => {
  field = await openField()
  digestPort = (await field.stand.open({ auth: 'digest' })).port
  // The password of every device is "right", its user name that of its identity.
  field.stand.onCredential = (deviceKey) => {
    const username = usernames.get(deviceKey) ?? ''
    return answered({ kind: 'known', candidates: [{ role: 'own', username, ha1: ha1(username, 'sluice', 'right') }] })
  }
})
afterAll(() => field.close())

const usernames = new Map<string, string>()

function provenCpe(): FieldCpe {
  const cpe = field.cpe({ port: () => digestPort })
  usernames.set(cpe.deviceKey, `00D09E-HomeBox-${cpe.serial}`)
  return cpe
}

function authorizationOf(cpe: FieldCpe, challenges: string): string {
  const username = `00D09E-HomeBox-${cpe.serial}`
  const answer = answerChallenge({
    challenges,
    method: 'POST',
    uri: '/acs',
    cnonce: 'abc',
    nc: 1,
    username,
    password: 'right',
  })
  return answer.kind === 'answer' ? answer.authorization : ''
}

const cookieOf = ({ headers }: RawReply) => `Cookie: ${headers.get('set-cookie')?.split(';')[0]}`

test('http 1: an empty POST before the Inform is challenged, or 204 where nobody is, and opens and ends nothing', async () => {
  for (const [port, status] of [
    [digestPort, 401],
    [field.port, 204],
  ] as const) {
    const line = await field.line(port)
    const heard = await line.ask(rawPost(''))
    expect([heard.status, heard.headers.has('set-cookie')]).toEqual([status, false])
    const cpe = provenCpe()
    const challenges = heard.headers.get('www-authenticate')
    const proof = challenges === undefined ? [] : [`Authorization: ${authorizationOf(cpe, challenges)}`]
    const informed = await line.ask(rawPost(cpe.written(), ...proof))
    expect([informed.status, informed.body.includes('InformResponse')]).toEqual([200, true])
  }
})

test('http 1: with the cookie of an open session, where nobody asks for credentials, it is the turn of the ACS', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'GetRPCMethods' })
  expect((await cpe.empty()).status).toBe(204)
  await cpe.contact()
  expect((await cpe.empty()).rpc).toBe('GetRPCMethods')
})

test('http 2: an empty POST before every body costs no answer of ours its response', async () => {
  const cpe = field.cpe()
  await cpe.isHinted(2)
  const probing = async (send: () => Promise<Heard>) => {
    const probe = await cpe.empty()
    expect([200, 204]).toContain(probe.status)
    return send()
  }
  await probing(() => cpe.contact())
  const asked = await cpe.empty()
  expect(asked.rpc).toBe('GetParameterValues')
  const again = await cpe.empty()
  expect([again.rpc, again.id]).toEqual([asked.rpc, asked.id])
  const values = answerValues(asked, () => 'x')
  expect((await cpe.say('GetParameterValuesResponse', values, asked.id)).rpc).toBe('Download')
  const done = await probing(() => cpe.say('DownloadResponse', DOWNLOAD_ACCEPTED))
  expect(done.status).toBe(204)
  expect(await cpe.facts(1)).toMatchObject([{ kind: 'download_answered', status: 1 }])
  expect(field.stand.claims.filter(({ deviceKey }) => deviceKey === cpe.deviceKey)).toHaveLength(1)
})

test.each([true, false])(
  'http 2: nor does one before TransferComplete cost that its answer (something is to be done: %s)',
  async (isBusy) => {
    const cpe = field.cpe()
    if (isBusy) await cpe.isAsked({ method: 'GetRPCMethods' })
    await cpe.contact({ events: ['7 TRANSFER COMPLETE'] })
    const rpc = isBusy ? 'GetRPCMethods' : ''
    expect((await cpe.empty()).rpc).toBe(rpc)
    expect((await cpe.say('TransferComplete', transferComplete('k'))).rpc).toBe('TransferCompleteResponse')
    expect((await cpe.empty()).rpc).toBe(rpc)
    if (isBusy) expect((await cpe.say('GetRPCMethodsResponse', '<MethodList/>')).status).toBe(204)
    expect(await cpe.facts(1)).toMatchObject([{ kind: 'transfer_completed', commandKey: 'k' }])
  },
)

test('http 3: an Inform without credentials changes nothing, and the same with them is answered', async () => {
  const cpe = provenCpe()
  const line = await field.line(digestPort)
  const asked = field.stand.credentialRequests.length
  for (const session of [1, 2]) {
    const challenged = await line.ask(rawPost(cpe.written()))
    expect([challenged.status, challenged.body]).toEqual([401, ''])
    const challenges = challenged.headers.get('www-authenticate') ?? ''
    const heard = await line.ask(rawPost(cpe.written(), `Authorization: ${authorizationOf(cpe, challenges)}`))
    expect([heard.status, heard.body.includes('InformResponse')]).toEqual([200, true])
    expect((await line.ask(rawPost('', cookieOf(heard)))).status).toBe(204)
    expect(await cpe.informs(session)).toHaveLength(session)
  }
  expect(field.stand.credentialRequests.length - asked).toBeLessThanOrEqual(2)
})

test('http 4: basic credentials that nobody asked for are answered by a challenge on the same connection', async () => {
  const cpe = provenCpe()
  const line = await field.line(digestPort)
  const basic = Buffer.from(`00D09E-HomeBox-${cpe.serial}:right`).toString('base64')
  const challenged = await line.ask(rawPost(cpe.written(), `Authorization: Basic ${basic}`))
  expect([challenged.status, challenged.headers.get('connection')]).toEqual([401, 'keep-alive'])
  const challenges = challenged.headers.get('www-authenticate') ?? ''
  expect(challenges).toMatch(/^Digest /)
  const heard = await line.ask(rawPost(cpe.written(), `Authorization: ${authorizationOf(cpe, challenges)}`))
  expect(heard.status).toBe(200)
})

test('http 5: a CPE that never returns the cookie is served by its connection alone, where that is allowed', async () => {
  const { port } = await field.stand.open({ connectionSessions: true })
  const cpe = field.cpe({ port: () => port, cookies: false })
  await cpe.isHinted(5)
  expect((await cpe.toDownload()).rpc).toBe('Download')
  expect((await cpe.say('DownloadResponse', DOWNLOAD_ACCEPTED)).status).toBe(204)
  expect(await cpe.facts(1)).toMatchObject([{ kind: 'download_answered' }])
})

const echoes: readonly (readonly [string, (cookie: string) => string])[] = [
  ['behind it', (cookie) => `${cookie}; Path=/; HttpOnly`],
  ['before it', (cookie) => `Path=/; ${cookie}`],
  ['with their dollar signs', (cookie) => `$Version="1"; ${cookie}; $Path="/"`],
]

test.each(echoes)('http 6: attributes that come back %s do not hide the cookie', async (_, echo) => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'GetRPCMethods' })
  await cpe.contact()
  expect((await cpe.post('', { cookie: echo(cpe.cookie!) })).rpc).toBe('GetRPCMethods')
})

test('http 7: the cookie of a session that ended comes with the next Inform over a new connection, and starts a new one', async () => {
  const cpe = field.cpe()
  await cpe.contact()
  expect((await cpe.empty()).status).toBe(204)
  const old = `Cookie: ${cpe.cookie}`
  await cpe.isAsked({ method: 'GetRPCMethods' })
  const line = await field.line()
  const heard = await line.ask(rawPost(cpe.written(), old))
  expect([heard.status, cookieOf(heard) === old]).toEqual([200, false])
  expect((await line.ask(rawPost('', cookieOf(heard)))).body).toContain('<cwmp:GetRPCMethods>')
})

test('http 8: of two Informs of one device on one connection the second one’s session goes on', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'GetRPCMethods' })
  const line = await field.line()
  line.send(Buffer.concat([rawPost(cpe.written({ events: ['1 BOOT'] })), rawPost(cpe.written())]))
  const [first, second] = [await line.hear(), await line.hear()]
  expect([first.status, second.status]).toEqual([200, 200])
  expect((await line.ask(rawPost('', cookieOf(second)))).body).toContain('<cwmp:GetRPCMethods>')
  expect((await line.ask(rawPost('', cookieOf(first)))).status).toBe(400)
  expect((await cpe.informs(2)).map(({ events }) => events[0]?.code)).toEqual(['1 BOOT', '2 PERIODIC'])
})

test('http 8: Informs of two devices on one connection do not mix', async () => {
  const [one, other] = [field.cpe(), field.cpe()]
  await one.isAsked({ method: 'GetRPCMethods' })
  await other.isAsked({ method: 'Reboot' })
  const line = await field.line()
  line.send(Buffer.concat([rawPost(one.written()), rawPost(other.written())]))
  const [first, second] = [await line.hear(), await line.hear()]
  expect((await line.ask(rawPost('', cookieOf(first)))).body).toContain('<cwmp:GetRPCMethods>')
  expect((await line.ask(rawPost('', cookieOf(second)))).body).toContain('<cwmp:Reboot>')
})

test('http 9: a connection that is dropped instead of a fault is told as no answer, and the next task is begun', async () => {
  const cpe = field.cpe()
  const dropped = await cpe.isAsked({ method: 'GetOptions', optionName: '' })
  await cpe.isAsked({ method: 'GetRPCMethods' })
  const line = await field.line()
  const informed = await line.ask(rawPost(cpe.written()))
  expect((await line.ask(rawPost('', cookieOf(informed)))).body).toContain('<cwmp:GetOptions>')
  line.drop()
  await cpe.contact()
  expect((await cpe.empty()).rpc).toBe('GetRPCMethods')
  expect(await cpe.reports(1)).toMatchObject([{ taskId: dropped, result: { kind: 'unanswered' } }])
})

test('http 10: an empty POST instead of a fault is told as no answer in the end, and the next task is begun', async () => {
  const cpe = field.cpe()
  const passed = await cpe.isAsked({ method: 'FactoryReset' })
  await cpe.isAsked({ method: 'GetRPCMethods' })
  await cpe.contact()
  expect((await cpe.empty()).rpc).toBe('FactoryReset')
  // Once more it may be a probe: what changes the device is never said twice.
  expect((await cpe.empty()).status).toBe(204)
  expect((await cpe.empty()).rpc).toBe('GetRPCMethods')
  expect(await cpe.reports(1)).toMatchObject([{ taskId: passed, result: { kind: 'unanswered' } }])
})

test('http 11: a Content-Type on an empty POST does not make it a body', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'GetRPCMethods' })
  await cpe.contact()
  const line = await field.line()
  const heard = await line.ask(
    rawPost('', `Cookie: ${cpe.cookie}`, 'Content-Type: text/xml; charset=utf-8', 'SOAPAction:'),
  )
  expect(heard.body).toContain('<cwmp:GetRPCMethods>')
})

test.each(['\r\n', ' ', '\ufeff\n'])('http 11: nor are blanks alone one', async (blanks) => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'GetRPCMethods' })
  await cpe.contact()
  expect((await cpe.post(blanks)).rpc).toBe('GetRPCMethods')
})

const actions = [
  'SOAPAction:',
  'SOAPAction: ""',
  'SOAPAction: "cwmp:Inform"',
  'SOAPAction: urn:dslforum-org:cwmp-1-0#Inform',
]

test.each(actions)('http 12: %s is taken', async (action) => {
  const cpe = field.cpe()
  const line = await field.line()
  expect((await line.ask(rawPost(cpe.written(), action))).body).toContain('InformResponse')
})

test('http 13: chunked bodies in ISO-8859-1 are read, cut within whatever they are', async () => {
  const cpe = field.cpe()
  const line = await field.line()
  const body = Buffer.from(cpe.written({ manufacturer: 'Çà et là' }), 'latin1')
  const heard = await line.ask(chunkedPost(body, [1, 400, 7], 'Content-Type: text/xml;charset=ISO-8859-1'))
  expect(heard.body).toContain('InformResponse')
  expect(await cpe.informs()).toMatchObject([{ manufacturer: 'Çà et là' }])
})

test('http 14: 204 ends the session, and the connection is good for the next one', async () => {
  const cpe = field.cpe()
  const line = await field.line()
  for (let session = 1; session <= 2; session++) {
    const informed = await line.ask(rawPost(cpe.written()))
    const end = await line.ask(rawPost('', cookieOf(informed)))
    expect([end.status, end.body, end.headers.get('connection')]).toEqual([204, '', 'keep-alive'])
    expect((await line.ask(rawPost(enveloped('<cwmp:RebootResponse/>'), cookieOf(informed)))).status).toBe(400)
  }
  expect(await cpe.informs(2)).toHaveLength(2)
})
