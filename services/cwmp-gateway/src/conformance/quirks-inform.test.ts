import { deviceKeyOf } from '@sluice/contracts'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Field, openField, profileOf } from './field.ts'
import { enveloped, ID_7 } from './written.ts'

let field: Field
beforeAll(async () => {
  field = await openField({ profiles: [profileOf('Strict', { checksResponseIds: true })] })
})
afterAll(() => field.close())

const classless: readonly (readonly [string, (inform: string) => string])[] = [
  ['empty', (inform) => inform],
  ['blank', (inform) => inform.replace('<ProductClass>', '<ProductClass>\n ')],
  ['missing', (inform) => inform.replace('<ProductClass></ProductClass>', '')],
]

test.each(classless)(
  'quirk 9: a ProductClass that is %s is none, and the device is one all the same',
  async (_, change) => {
    const cpe = field.cpe({ model: '' })
    const heard = await cpe.post(change(cpe.written()))
    expect([heard.status, heard.rpc]).toEqual([200, 'InformResponse'])
    expect(await cpe.informs()).toMatchObject([{ productClass: '', oui: '00D09E', serialNumber: cpe.serial }])
    await cpe.isAsked({ method: 'GetRPCMethods' })
    expect((await cpe.empty()).rpc).toBe('GetRPCMethods')
  },
)

test('quirk 10: white space around every value does not count, and a manufacturer may be empty', async () => {
  const cpe = field.cpe()
  const spread = cpe
    .written({ manufacturer: '', events: [['1 BOOT', 'k']] })
    .replaceAll(
      /<(OUI|ProductClass|SerialNumber|EventCode|CommandKey|Name|cwmp:ID)([^>]*)>([^<]*)</g,
      '<$1$2>\n\t $3 \r\n<',
    )
  const heard = await cpe.post(spread)
  expect([heard.rpc, heard.id]).toEqual(['InformResponse', '7'])
  expect(await cpe.informs()).toMatchObject([
    { manufacturer: '', oui: '00D09E', softwareVersion: '1.0', events: [{ code: '1 BOOT', commandKey: 'k' }] },
  ])
})

test('quirk 10: an OUI in lower case is the same OUI', async () => {
  const cpe = field.cpe({ oui: '00D0AB' })
  await cpe.isAsked({ method: 'GetRPCMethods' })
  await cpe.contact({ oui: '00d0ab' })
  expect((await cpe.empty()).rpc).toBe('GetRPCMethods')
  expect(await cpe.informs()).toMatchObject([{ oui: '00D0AB', warnings: ['oui_unusual'] }])
})

const lacking: readonly (readonly [string, RegExp, string])[] = [
  ['Event', /<Event .*<\/Event>/, 'events_missing'],
  ['RetryCount', /<RetryCount>.*<\/RetryCount>/, 'retry_count_missing'],
  ['ParameterList', /<ParameterList .*<\/ParameterList>/, 'parameter_list_missing'],
]

test.each(lacking)('quirk 11: an Inform without %s is answered, and told of', async (_, element, warning) => {
  const cpe = field.cpe()
  const heard = await cpe.post(cpe.written().replace(element, ''))
  expect([heard.status, heard.rpc]).toEqual([200, 'InformResponse'])
  const [informed] = await cpe.informs()
  expect(informed?.warnings).toContain(warning)
  expect((await cpe.empty()).status).toBe(204)
})

const idless: readonly (readonly [string, string])[] = [
  ['without cwmp:ID', ''],
  ['with an empty one', '<cwmp:ID/>'],
]

test.each(idless)(
  'quirk 12: messages %s are answered likewise, and our calls bear one all the same',
  async (_, header) => {
    const cpe = field.cpe()
    await cpe.isAsked({ method: 'Reboot' })
    const heard = await cpe.post(cpe.written({ header }))
    expect([heard.rpc, heard.body.includes('ID')]).toEqual(['InformResponse', false])
    const [informed] = await cpe.informs()
    expect(informed?.warnings).toContain('id_missing')
    const asked = await cpe.empty()
    expect([asked.rpc, asked.id === '']).toEqual(['Reboot', false])
    expect((await cpe.post(enveloped('<cwmp:RebootResponse/>', { header }))).status).toBe(204)
    expect(await cpe.reports(1)).toMatchObject([{ result: { kind: 'response' } }])
  },
)

test('quirk 13: a response with another cwmp:ID is that of our request', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'Reboot' })
  await cpe.contact()
  await cpe.empty()
  expect((await cpe.say('RebootResponse', '', 'of-somebody-else')).status).toBe(204)
  expect(await cpe.reports(1)).toMatchObject([{ result: { kind: 'response' } }])
})

test('quirk 13: where the profile says that IDs are checked, it ends the session', async () => {
  const cpe = field.cpe({ model: 'Strict' })
  await cpe.isAsked({ method: 'Reboot' })
  await cpe.contact()
  const { id } = await cpe.empty()
  expect((await cpe.say('RebootResponse', '', `${id}0`)).status).toBe(400)
  await cpe.contact()
  await waitUntil(async () => (await cpe.empty()).status === 204)
  expect(await cpe.reports(1)).toMatchObject([{ result: { kind: 'unanswered' } }])
})

const prefixes: readonly (readonly [string, (inform: string) => string])[] = [
  ['cwmp1 instead of cwmp', (inform) => inform.replaceAll('cwmp:', 'cwmp1:')],
  [
    'none on the method, whose default namespace is that of CWMP',
    (inform) =>
      inform
        .replaceAll(/xmlns:cwmp="[^"]*"/g, '')
        .replace('<cwmp:ID', '<ID')
        .replace('</cwmp:ID', '</ID')
        .replace('<cwmp:Inform>', '<Inform xmlns="urn:dslforum-org:cwmp-1-2">')
        .replace('</cwmp:Inform>', '</Inform>'),
  ],
  ['none on the envelope', (inform) => inform.replaceAll('soap-env:', '')],
  [
    'one of its own, declared on the method alone',
    (inform) =>
      inform
        .replace(/xmlns:cwmp="[^"]*"/, '')
        .replaceAll('cwmp:ID', 'ID')
        .replace('<cwmp:Inform>', '<x:Inform xmlns:x="urn:dslforum-org:cwmp-1-2">')
        .replace('</cwmp:Inform>', '</x:Inform>'),
  ],
  [
    'declared on the Body',
    (inform) =>
      inform
        .replace(/ xmlns:cwmp="[^"]*"/, '')
        .replaceAll('cwmp:ID', 'ID')
        .replace('<soap-env:Body>', '<soap-env:Body xmlns:cwmp="urn:dslforum-org:cwmp-1-2">'),
  ],
  ['on every element', (inform) => inform.replaceAll(/<(\/?)([A-Z]\w+)/g, '<$1cwmp:$2')],
]

test.each(prefixes)('quirk 14: namespace prefixes are taken as they come: %s', async (_, change) => {
  const cpe = field.cpe()
  const heard = await cpe.post(change(cpe.written({ events: ['1 BOOT'] })))
  expect([heard.status, heard.rpc, heard.id]).toEqual([200, 'InformResponse', '7'])
  expect(heard.body).toContain('xmlns:cwmp="urn:dslforum-org:cwmp-1-2"')
  expect(await cpe.informs()).toMatchObject([{ softwareVersion: '1.0', events: [{ code: '1 BOOT' }] }])
})

const namespaces = ['1-4', '1-9', '2-0', '1_0', '']

test.each(namespaces)('quirk 15: a device of the namespace cwmp-%s is spoken to as one of 1.0', async (cwmp) => {
  const cpe = field.cpe()
  const heard = await cpe.post(cpe.written({ cwmp }))
  expect([heard.status, heard.rpc]).toEqual([200, 'InformResponse'])
  expect(heard.body).toContain('xmlns:cwmp="urn:dslforum-org:cwmp-1-0"')
  expect(await cpe.informs()).toMatchObject([{ cwmpVersion: '1.0', warnings: ['namespace_unknown'] }])
})

test('quirk 16: the namespace of 1.2 with SessionTimeout is CWMP 1.3', async () => {
  const cpe = field.cpe()
  const header = `${ID_7}<cwmp:SessionTimeout soap-env:mustUnderstand="0">90</cwmp:SessionTimeout>`
  const heard = await cpe.contact({ header })
  expect(heard.body).toContain('urn:dslforum-org:cwmp-1-2')
  expect(heard.body).not.toContain('UseCWMPVersion')
  expect(await cpe.informs()).toMatchObject([{ cwmpVersion: '1.3' }])
})

const booleans: readonly (readonly [string, boolean])[] = [
  ['1', true],
  ['true', true],
  ['True', true],
  ['0', false],
  ['false', false],
]

test.each(booleans)('quirk 23: %s is read as %s', async (text, value) => {
  const cpe = field.cpe()
  await cpe.contact({ more: [['ManagementServer.NATDetected', text]] })
  expect(await cpe.informs()).toMatchObject([{ natDetected: value }])
})

const times = ['2026-11-20T12:00:00', '2026-11-20T12:00:00+0000', '2026-11-20T12:00:00.123456Z', '20.11.2026 12:00', '']

test.each(times)('quirk 23: a CurrentTime of "%s" is no reason to refuse an Inform', async (time) => {
  const cpe = field.cpe()
  const inform = cpe.written().replace('2026-11-20T12:00:00Z', time)
  expect((await cpe.post(inform)).rpc).toBe('InformResponse')
  expect(await cpe.informs()).toHaveLength(1)
})

test('quirk 49: one serial number under two OUIs is two devices, with sessions and tasks of their own', async () => {
  const [one, other] = [field.cpe(), field.cpe()]
  const otherKey = deviceKeyOf({ oui: '001A2B', productClass: 'HomeBox', serialNumber: one.serial })
  await one.isAsked({ method: 'GetRPCMethods' })
  await one.contact()
  const heard = await other.contact({ serial: one.serial, oui: '001A2B' })
  expect(heard.headers['set-cookie']![0]).toContain(otherKey)
  expect((await other.empty()).status).toBe(204)
  expect((await one.empty()).rpc).toBe('GetRPCMethods')
  await waitUntil(() => field.stand.informed.some(({ deviceKey }) => deviceKey === otherKey))
  expect(await one.informs()).toHaveLength(1)
})

test('quirk 49: the serial number in DeviceId counts, whatever a parameter says', async () => {
  const cpe = field.cpe()
  await cpe.contact({ more: [['DeviceInfo.SerialNumber', 'another']] })
  expect(await cpe.informs()).toMatchObject([{ serialNumber: cpe.serial }])
})
