import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { createCpe, envelope, informBody, type TestCpe } from './testing/cpe.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { natsTransport } from './testing/transports.ts'

let stand: Stand
let cpe: TestCpe
beforeAll(async () => {
  stand = await openStand({ transport: await natsTransport(inject('natsUrl')) })
})
afterAll(() => stand.close())
beforeEach((context) => {
  cpe = createCpe({ serial: `S${context.task.id}`.replace(/[^A-Za-z0-9]/g, ''), port: () => stand.gateways[0]!.port })
  return () => cpe.close()
})

const inform = envelope('1-2', '1', informBody('X', '1.0', ['1 BOOT']))
const malformed: [string, string][] = [
  ['no XML', 'GET me something'],
  ['truncated XML', inform.slice(0, -40)],
  ['mismatched tags', inform.replace('</DeviceId>', '</DevicId>')],
  ['a DOCTYPE', `<!DOCTYPE a [<!ENTITY b "c">]>${inform}`],
  ['another root', '<html><body/></html>'],
  ['an empty Body', envelope('1-2', '1', '')],
  ['two methods', envelope('1-2', '1', '<cwmp:GetRPCMethods/><cwmp:GetRPCMethods/>')],
  ['no SerialNumber', inform.replace(/<SerialNumber>.*<\/SerialNumber>/, '<SerialNumber/>')],
  ['an OUI that is none', inform.replace('<OUI>00D09E</OUI>', '<OUI>../..*</OUI>')],
  ['too many elements', envelope('1-2', '1', `<cwmp:GetRPCMethods>${'<a/>'.repeat(25_000)}</cwmp:GetRPCMethods>`)],
  ['too great a depth', envelope('1-2', '1', '<a>'.repeat(5_000) + '</a>'.repeat(5_000))],
]

test.each(malformed)('%s is 400 without SOAP, and nothing is stored or published', async (_, body) => {
  const before = stand.informed.length
  const heard = await cpe.post(body)
  expect(heard.status).toBe(400)
  expect(heard.body).not.toContain('<')
  expect(heard.headers['set-cookie']).toBeUndefined()
  expect((await cpe.empty()).status).toBe(204)
  expect(stand.informed).toHaveLength(before)
})

test.each<[string, string, Record<string, string>, number]>([
  ['malformed XML', '<a', {}, 400],
  ['too large a body', 'x'.repeat(4_200_000), {}, 413],
  ['what is not compressed as it says', 'x', { 'content-encoding': 'gzip' }, 400],
])('%s in a session ends it', async (_, body, headers, status) => {
  await cpe.inform()
  expect((await cpe.say('GetRPCMethods')).rpc).toBe('GetRPCMethodsResponse')
  expect((await cpe.post(body, headers)).status).toBe(status)
  expect((await cpe.say('GetRPCMethods')).status).toBe(400)
  expect((await cpe.inform()).rpc).toBe('InformResponse')
})

test('a POST that fits no session is 400', async () => {
  expect((await cpe.say('TransferComplete', '<CommandKey/>')).status).toBe(400)
  cpe.cookie = `sluice=${cpe.deviceKey}.${'A'.repeat(22)}`
  expect((await cpe.say('GetRPCMethods')).status).toBe(400)
})

test('an empty POST before any Inform is 204, also with the cookie of a session that is gone', async () => {
  expect((await cpe.empty()).status).toBe(204)
  cpe.cookie = `sluice=${cpe.deviceKey}.${'A'.repeat(22)}`
  expect((await cpe.empty()).status).toBe(204)
})

test('an unknown method is fault 8000, and the session goes on', async () => {
  await cpe.inform()
  const heard = await cpe.say('Teleport', '<Where>1</Where>', 'id-&lt;7')
  expect([heard.status, heard.rpc, heard.id]).toEqual([200, 'Fault', 'id-&lt;7'])
  expect(heard.body).toContain('<FaultCode>8000</FaultCode>')
  expect((await cpe.empty()).status).toBe(204)
})

test('GetRPCMethods names what we answer', async () => {
  await cpe.inform()
  const { body } = await cpe.say('GetRPCMethods')
  const named = new Set([...body.matchAll(/<string[^>]*>(\w+)</g)].map(([, name]) => name))
  const answered = [
    'Inform',
    'GetRPCMethods',
    'TransferComplete',
    'AutonomousTransferComplete',
    'RequestDownload',
    'DUStateChangeComplete',
    'AutonomousDUStateChangeComplete',
    'Kicked',
  ]
  expect(named).toEqual(new Set(answered))
})

test('a session goes on after a 415', async () => {
  await cpe.inform()
  const heard = await cpe.post(inform, { 'content-encoding': 'br' })
  expect([heard.status, heard.headers['accept-encoding']]).toEqual([415, 'gzip, deflate'])
  expect((await cpe.say('GetRPCMethods')).rpc).toBe('GetRPCMethodsResponse')
})

test('a serial number with everything in it is a device like any other', async () => {
  const serial = '../*.&gt; ä&quot;%00'
  const odd = createCpe({ serial, port: () => stand.gateways[0]!.port })
  expect((await odd.inform()).rpc).toBe('InformResponse')
  expect((await odd.empty()).status).toBe(204)
  odd.close()
})

test('a device that offers no version we speak is refused with fault 8006', async () => {
  const header =
    '<cwmp:SupportedCWMPVersions soap-env:mustUnderstand="0">7.0,8.0</cwmp:SupportedCWMPVersions></soap-env:Header>'
  const heard = await cpe.post(inform.replace('</soap-env:Header>', header))
  expect(heard.body).toContain('<FaultCode>8006</FaultCode>')
})
