import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerValues, type Heard } from '../testing/cpe.ts'
import { type Field, type FieldCpe, openField } from './field.ts'
import { DOWNLOAD_ACCEPTED, enveloped, transferComplete, writtenValues } from './written.ts'

let field: Field
beforeAll(async () => {
  field = await openField()
})
afterAll(() => field.close())

/** Everything we say in an upgrade and beside it. */
async function everyReply(cpe: FieldCpe): Promise<readonly Heard[]> {
  await cpe.isAsked({ method: 'SetParameterValues', parameters: [{ name: 'Device.X', value: 'x', type: 'string' }] })
  await cpe.isHinted(7)
  const informed = await cpe.contact()
  const methods = await cpe.say('GetRPCMethods')
  const unknown = await cpe.say('X_NoSuchMethod')
  const complete = await cpe.say('TransferComplete', transferComplete('k'))
  const set = await cpe.empty()
  const read = await cpe.say('SetParameterValuesResponse', '<Status>0</Status>')
  const values = answerValues(read, () => 'x')
  const download = await cpe.say('GetParameterValuesResponse', values)
  await cpe.say('DownloadResponse', DOWNLOAD_ACCEPTED)
  return [informed, methods, unknown, complete, set, read, download]
}

test('xml 1: no reply begins with an XML declaration', async () => {
  const replies = await everyReply(field.cpe())
  expect(replies.map(({ rpc }) => rpc)).toEqual([
    'InformResponse',
    'GetRPCMethodsResponse',
    'Fault',
    'TransferCompleteResponse',
    'SetParameterValues',
    'GetParameterValues',
    'Download',
  ])
  for (const { body } of replies) expect(body).toMatch(/^<soap-env:Envelope /)
})

test('xml 2: whatever we say has the prefix cwmp:, literally', async () => {
  for (const { rpc, body } of await everyReply(field.cpe())) {
    expect(body).toMatch(/<cwmp:ID soap-env:mustUnderstand="1">/)
    expect(body).toContain(`:Body><${rpc === 'Fault' ? 'soap-env' : 'cwmp'}:${rpc}>`)
    expect(body).toContain('xmlns:cwmp="urn:dslforum-org:cwmp-1-2"')
  }
})

test('xml 3: no argument of ours has a prefix', async () => {
  for (const { rpc, body } of await everyReply(field.cpe())) {
    const [, inner = ''] = new RegExp(`:${rpc}>(.*)</[\\w-]+:${rpc}>`).exec(body) ?? []
    const names = [...inner.matchAll(/<([\w:-]+)/g)].map(([, name]) => name ?? '')
    expect(names.filter((name) => name.includes(':'))).toEqual(rpc === 'Fault' ? ['cwmp:Fault'] : [])
  }
})

test('xml 4: the children of TransferComplete count in any order', async () => {
  const cpe = field.cpe()
  await cpe.contact()
  const [key, fault, start, end] = [
    '<CommandKey>k</CommandKey>',
    '<FaultStruct><FaultString>no</FaultString><FaultCode>9010</FaultCode></FaultStruct>',
    '<StartTime>2026-11-20T12:00:00Z</StartTime>',
    '<CompleteTime>2026-11-20T12:01:00Z</CompleteTime>',
  ]
  for (const inner of [key + start + end + fault, end + start + fault + key]) {
    expect((await cpe.say('TransferComplete', inner)).rpc).toBe('TransferCompleteResponse')
  }
  const told = { kind: 'transfer_completed', commandKey: 'k', faultCode: 9010, faultString: 'no' }
  expect(await cpe.facts(2)).toEqual([told, told])
})

test('xml 5: empty times in DownloadResponse and TransferComplete are no times', async () => {
  const cpe = field.cpe()
  const taskId = await cpe.isAsked({ method: 'Download', fileType: '2 Web Content', url: 'http://192.0.2.1/f' })
  await cpe.contact()
  await cpe.empty()
  await cpe.say('DownloadResponse', '<Status>1</Status><StartTime></StartTime><CompleteTime/>')
  await cpe.say('TransferComplete', `<CommandKey>${taskId}</CommandKey><StartTime></StartTime><CompleteTime/>`)
  expect(await cpe.reports(2)).toMatchObject([
    { result: { response: { status: 1, startTime: null, completeTime: null } } },
    { late: { fault: null, startTime: null, completeTime: null } },
  ])
})

const times: readonly (readonly [string, string | null])[] = [
  ['2026-11-20T10:00:00', '2026-11-20T10:00:00.000Z'],
  ['2026-11-20T10:00:00+0000', '2026-11-20T10:00:00.000Z'],
  ['2026-11-20T11:54::14', null],
  ['1970-01-01T00:00:12Z', '1970-01-01T00:00:12.000Z'],
]

test.each(times)('xml 6: the time %s is %s', async (time, read) => {
  const cpe = field.cpe()
  const taskId = await cpe.isAsked({ method: 'Download', fileType: '2 Web Content', url: 'http://192.0.2.1/f' })
  expect((await cpe.post(cpe.written().replace('2026-11-20T12:00:00Z', time))).rpc).toBe('InformResponse')
  await cpe.empty()
  await cpe.say('DownloadResponse', '<Status>1</Status>')
  await cpe.say('TransferComplete', transferComplete(taskId).replaceAll(/2026-11-20T12:0\d:00Z/g, time))
  expect((await cpe.reports(2))[1]).toMatchObject({ late: { startTime: read, completeTime: read } })
})

test('xml 7: a count in arrayType that is not that of the items does not count', async () => {
  const cpe = field.cpe()
  const inform = cpe
    .written()
    .replace('ParameterValueStruct[3]', 'ParameterValueStruct[16]')
    .replace('Struct[1]', 'Struct[0]')
  expect((await cpe.post(inform)).rpc).toBe('InformResponse')
  expect(await cpe.informs()).toMatchObject([
    { softwareVersion: '1.0', events: [{ code: '2 PERIODIC' }], warnings: ['array_count_wrong'] },
  ])
})

test('xml 8: an empty list of events is an Inform', async () => {
  const cpe = field.cpe()
  expect((await cpe.contact({ events: [] })).rpc).toBe('InformResponse')
  expect(await cpe.informs()).toMatchObject([{ events: [], warnings: ['events_missing'] }])
  expect((await cpe.empty()).status).toBe(204)
})

test('xml 9: event codes in other letters are the known ones, and an event may lack its CommandKey', async () => {
  const cpe = field.cpe()
  const inform = cpe
    .written({ events: ['1 Boot', 'M TRANSFERCOMPLETE', '4 VALUECHANGE', 'm download'] })
    .replaceAll('<CommandKey></CommandKey>', '')
  expect((await cpe.post(inform)).rpc).toBe('InformResponse')
  const [informed] = await cpe.informs()
  expect(informed?.events).toEqual(
    ['1 BOOT', 'M TRANSFERCOMPLETE', '4 VALUE CHANGE', 'M Download'].map((code) => ({ code, commandKey: '' })),
  )
  expect(informed?.warnings).toEqual(expect.arrayContaining(['event_code_form', 'event_unknown']))
})

test('xml 9: garbage in a CommandKey is read from the model that is known for it', async () => {
  const cpe = field.cpe({ oui: '990102', model: 'TR69C', root: 'InternetGatewayDevice.' })
  const heard = await cpe.contact({ events: [['6 CONNECTION REQUEST', '\u0003\u0010k\u001f']] })
  expect(heard.rpc).toBe('InformResponse')
  expect(await cpe.informs()).toMatchObject([{ events: [{ code: '6 CONNECTION REQUEST', commandKey: 'k' }] }])
})

test('xml 10: an Inform and a response without any SOAP Header are answered', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'Reboot' })
  const headless = (text: string) => text.replace(/<soap-env:Header>.*<\/soap-env:Header>/, '')
  expect((await cpe.post(headless(cpe.written()))).rpc).toBe('InformResponse')
  await cpe.empty()
  expect((await cpe.post(headless(enveloped('<cwmp:RebootResponse/>')))).status).toBe(204)
  expect(await cpe.reports(1)).toMatchObject([{ result: { kind: 'response' } }])
})

const prefixes = ['soap_env', 'SOAP-ENV', 'soapenv', 'soap', 'S']

test.each(prefixes)('xml 11: an envelope with the prefix %s is read', async (prefix) => {
  const cpe = field.cpe()
  expect((await cpe.post(cpe.written().replaceAll('soap-env', prefix))).rpc).toBe('InformResponse')
  expect(await cpe.informs()).toMatchObject([{ softwareVersion: '1.0' }])
})

test('xml 12: a detail within the faultstring is found', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'SetParameterValues', parameters: [{ name: 'Device.X', value: 'x', type: 'string' }] })
  await cpe.contact()
  await cpe.empty()
  const detail =
    '<detail><cwmp:Fault><FaultCode>9003</FaultCode><FaultString>Invalid arguments</FaultString>' +
    '<SetParameterValuesFault><ParameterName>Device.X</ParameterName><FaultCode>9008</FaultCode>' +
    '<FaultString>read only</FaultString></SetParameterValuesFault></cwmp:Fault></detail>'
  const fault = `<soap-env:Fault><faultcode>Client</faultcode><faultstring>CWMP fault${detail}</faultstring></soap-env:Fault>`
  expect((await cpe.post(enveloped(fault))).status).toBe(204)
  expect(await cpe.reports(1)).toMatchObject([
    { result: { fault: { code: 9003, parameters: [{ name: 'Device.X', code: 9008, text: 'read only' }] } } },
  ])
})

test('xml 13: the namespaces of XML Schema of 1999 do for types', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'GetParameterValues', names: ['Device.X'] })
  const of1999 = (text: string) => text.replaceAll('2001/XMLSchema', '1999/XMLSchema')
  expect((await cpe.post(of1999(cpe.written()))).rpc).toBe('InformResponse')
  await cpe.empty()
  const values = writtenValues([['Device.X', '7']]).replace('xsd:string', 'xsd:unsignedInt')
  await cpe.post(of1999(enveloped(`<cwmp:GetParameterValuesResponse>${values}</cwmp:GetParameterValuesResponse>`)))
  expect(await cpe.reports(1)).toMatchObject([
    { result: { response: { parameters: [{ name: 'Device.X', value: '7', type: 'unsignedInt' }] } } },
  ])
})

test('xml 14: of a parameter that stands twice in one Inform the first counts', async () => {
  const cpe = field.cpe()
  await cpe.contact({ more: [['ManagementServer.ConnectionRequestURL', 'http://192.0.2.66/other']] })
  expect(await cpe.informs()).toMatchObject([{ connectionRequestUrl: 'http://192.0.2.1:7547/cr' }])
})

test('xml 15: a TransferComplete with an empty CommandKey is answered and told', async () => {
  const cpe = field.cpe()
  await cpe.contact({ events: ['7 TRANSFER COMPLETE', ['M Download', 'fw-1']] })
  expect((await cpe.say('TransferComplete', transferComplete('', 9015))).rpc).toBe('TransferCompleteResponse')
  expect(await cpe.facts(1)).toMatchObject([{ kind: 'transfer_completed', commandKey: '', faultCode: 9015 }])
})
