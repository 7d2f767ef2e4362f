import { deviceKeyOf } from '@sluice/contracts'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerValues } from '../testing/cpe.ts'
import { attemptId } from '../testing/upgrade-parts.ts'
import { type Field, type FieldCpe, openField } from './field.ts'
import { DOWNLOAD_ACCEPTED, enveloped, transferComplete } from './written.ts'

let field: Field
beforeAll(async () => {
  field = await openField()
})
afterAll(() => field.close())

/** Refused without SOAP, and nothing of it published; the device itself is served as ever. */
async function isRefused(cpe: FieldCpe, body: string): Promise<void> {
  const other = field.cpe()
  await other.contact()
  await other.informs()
  const informs = field.stand.informed.length
  const heard = await cpe.post(body)
  expect([heard.status, heard.body.includes('<'), heard.headers['set-cookie']]).toEqual([400, false, undefined])
  expect((await cpe.contact()).rpc).toBe('InformResponse')
  await cpe.informs()
  expect(field.stand.informed.length - informs).toBe(1)
}

test('bad input 13: without any namespace a device is spoken to as one of 1.0', async () => {
  const cpe = field.cpe()
  const bare = cpe.written().replaceAll(/ xmlns[:\w-]*="[^"]*"/g, '')
  expect((await cpe.post(bare)).body).toContain('urn:dslforum-org:cwmp-1-0')
  expect(await cpe.informs()).toMatchObject([{ cwmpVersion: '1.0', warnings: ['namespace_missing'] }])
})

test('bad input 13: prefixes that nobody declared are prefixes like any other', async () => {
  const cpe = field.cpe()
  expect((await cpe.post(cpe.written().replaceAll('cwmp:Inform', 'nobody:Inform'))).rpc).toBe('InformResponse')
})

const bodies: readonly (readonly [string, string])[] = [
  ['no method', ''],
  ['two methods', '<cwmp:GetRPCMethods/><cwmp:GetRPCMethods/>'],
  ['text alone', 'GetRPCMethods'],
]

test.each(bodies)('bad input 14: a Body with %s is refused', async (_, body) => {
  await isRefused(field.cpe(), enveloped(body))
})

test('bad input 14: so is an envelope with two Bodies, or without one', async () => {
  const empty = enveloped('<cwmp:GetRPCMethods/>')
  await isRefused(field.cpe(), empty.replace(/(<soap-env:Body>.*<\/soap-env:Body>)/, '$1$1'))
  await isRefused(field.cpe(), empty.replace(/<soap-env:Body>.*<\/soap-env:Body>/, ''))
})

const badIds: readonly (readonly [string, string])[] = [
  ['two cwmp:ID', '<cwmp:ID>1</cwmp:ID><cwmp:ID>2</cwmp:ID>'],
  ['a cwmp:ID of 4 KB', `<cwmp:ID>${'7'.repeat(4_096)}</cwmp:ID>`],
]

test.each(badIds)('bad input 15: %s is refused', async (_, header) => {
  const cpe = field.cpe()
  await isRefused(cpe, cpe.written({ header }))
})

test('bad input 15: without one an answer has none', async () => {
  const cpe = field.cpe()
  const heard = await cpe.contact({ header: '' })
  expect([heard.rpc, heard.body.includes('cwmp:ID')]).toEqual(['InformResponse', false])
})

test.each(['0', '2', '999999999', '-1', 'x'])(
  'bad input 16: a list that says it has %s items has those that are there',
  async (count) => {
    const cpe = field.cpe()
    const inform = cpe.written({ events: ['1 BOOT', '4 VALUE CHANGE'] }).replaceAll(/Struct\[\d\]/g, `Struct[${count}]`)
    expect((await cpe.post(inform)).rpc).toBe('InformResponse')
    expect((await cpe.informs())[0]).toMatchObject({ softwareVersion: '1.0', events: [{}, {}] })
  },
)

test('bad input 17: more than 64 events are refused, 64 and none are taken', async () => {
  const many = field.cpe()
  await isRefused(many, many.written({ events: Array.from({ length: 65 }, () => '4 VALUE CHANGE') }))
  for (const length of [64, 0]) {
    const cpe = field.cpe()
    expect((await cpe.contact({ events: Array.from({ length }, () => '4 VALUE CHANGE') })).rpc).toBe('InformResponse')
    expect((await cpe.informs())[0]?.events).toHaveLength(length)
  }
})

test('bad input 17: an event that nobody knows is told, cut to its bound', async () => {
  const cpe = field.cpe()
  const events = [
    ['X 00D09E MINE', 'k'],
    ['99 LATER', ''],
    ['9'.repeat(500), 'k'.repeat(500)],
  ] as const
  expect((await cpe.contact({ events })).rpc).toBe('InformResponse')
  const [informed] = await cpe.informs()
  expect(informed?.warnings).toContain('event_unknown')
  expect(informed?.events.slice(0, 2).map(({ code }) => code)).toEqual(['X 00D09E MINE', '99 LATER'])
  expect(informed?.events[2]).toEqual({ code: '9'.repeat(64), commandKey: 'k'.repeat(32) })
})

const unusable: readonly (readonly [string, string])[] = [
  ['an empty serial number', '<SerialNumber></SerialNumber>'],
  ['no serial number', ''],
  ['a serial number with a line feed within', '<SerialNumber>a\nb</SerialNumber>'],
  ['a serial number of 10 KB', `<SerialNumber>${'s'.repeat(10_240)}</SerialNumber>`],
]

test.each(unusable)('bad input 18: %s names no device', async (_, element) => {
  const cpe = field.cpe()
  await isRefused(cpe, cpe.written().replace(/<SerialNumber>.*<\/SerialNumber>/, element))
})

test.each(['', 'XYZ', '00D09E00', '../../'])('bad input 18: nor does the OUI "%s"', async (oui) => {
  const cpe = field.cpe()
  await isRefused(cpe, cpe.written({ oui }))
})

test.each(['*', '&gt;', 'a.b.c', '$JS.API', '{x}', "'; drop table device; --", '../..', '%00'])(
  'bad input 18: the serial number %s is that of a device like any other',
  async (serial) => {
    const cpe = field.cpe()
    expect((await cpe.contact({ serial })).rpc).toBe('InformResponse')
    expect((await cpe.empty()).status).toBe(204)
    const serialNumber = serial.replace('&gt;', '>')
    const deviceKey = deviceKeyOf({ oui: '00D09E', productClass: 'HomeBox', serialNumber })
    await waitUntil(() => field.stand.informed.some((each) => each.deviceKey === deviceKey))
    expect(field.stand.informed.find((each) => each.deviceKey === deviceKey)?.serialNumber).toBe(serialNumber)
  },
)

test('bad input 19: one serial number with two product classes is two devices', async () => {
  const one = field.cpe()
  await one.isAsked({ method: 'Reboot' })
  await one.contact({ model: 'Another' })
  expect((await one.empty()).status).toBe(204)
  await one.contact()
  expect((await one.empty()).rpc).toBe('Reboot')
  expect(await one.informs()).toHaveLength(1)
})

const strange: readonly (readonly [string, string, string])[] = [
  ['CurrentTime', '2026-11-20T12:00:00Z', '0001-01-01T00:00:00Z'],
  ['CurrentTime', '2026-11-20T12:00:00Z', 'yesterday'],
  ['CurrentTime', '2026-11-20T12:00:00Z', '9'.repeat(5_000)],
  ['MaxEnvelopes', '>1</Max', '>0</Max'],
  ['MaxEnvelopes', '>1</Max', '>-3</Max'],
  ['MaxEnvelopes', '>1</Max', '>99999999999999999999</Max'],
]

test.each(strange)('bad input 20: %s %s as %s is no reason to refuse an Inform', async (_, from, to) => {
  const cpe = field.cpe()
  const heard = await cpe.post(cpe.written().replace(from, to))
  expect([heard.rpc, heard.body.includes('<MaxEnvelopes>1</MaxEnvelopes>')]).toEqual(['InformResponse', true])
})

test('bad input 21: an empty POST before any Inform is 204, opens nothing, and takes nothing from the Inform after it', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'Reboot' })
  for (let again = 0; again < 3; again++) {
    const heard = await cpe.empty()
    expect([heard.status, heard.headers['set-cookie']]).toEqual([204, undefined])
  }
  expect((await cpe.record()).tasks).toHaveLength(1)
  await cpe.contact()
  expect((await cpe.empty()).rpc).toBe('Reboot')
})

test('bad input 22: an Inform in the middle of a session starts another, and what was asked is told as unanswered', async () => {
  const cpe = field.cpe()
  const taskId = await cpe.isAsked({ method: 'Reboot' })
  await cpe.contact()
  await cpe.empty()
  expect((await cpe.contact({ events: ['1 BOOT'] })).rpc).toBe('InformResponse')
  expect((await cpe.empty()).status).toBe(204)
  expect(await cpe.reports(1)).toMatchObject([{ taskId, result: { kind: 'unanswered' } }])
})

test('bad input 22: one with an Inform and a response in one POST is an Inform', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'GetRPCMethods' })
  await cpe.contact()
  await cpe.empty()
  expect((await cpe.post(enveloped('<cwmp:RebootResponse/>') + cpe.written())).rpc).toBe('InformResponse')
})

const cookies: readonly (readonly [string, (own: string, other: string) => string | undefined])[] = [
  ['stale', (own) => own.replace(/\..*$/, `.${'A'.repeat(22)}`)],
  ['of another device with this one’s token', (own, other) => `${other.split('.')[0]}.${own.split('.')[1]}`],
  ['cut short', (own) => own.slice(0, -1)],
  ['of nobody', () => 'session=1'],
  ['missing', () => undefined],
]

test.each(cookies)('bad input 23: a cookie that is %s names no session', async (_, forge) => {
  const [cpe, other] = [field.cpe(), field.cpe()]
  await cpe.isAsked({ method: 'Reboot' })
  await cpe.contact()
  await other.contact()
  const line = field.cpe({ cookies: false, keepAlive: false })
  const cookie = forge(cpe.cookie!, other.cookie!)
  const headers: Record<string, string> = cookie === undefined ? {} : { cookie }
  expect((await line.post('', headers)).status).toBe(204)
  expect((await line.say('GetRPCMethods', '', '1', headers)).status).toBe(400)
  expect((await cpe.empty()).rpc).toBe('Reboot')
})

test('bad input 23: a POST that is sent once more answers nothing twice', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'Reboot' })
  await cpe.contact()
  await cpe.empty()
  expect((await cpe.say('RebootResponse')).status).toBe(204)
  expect((await cpe.say('RebootResponse')).status).toBe(400)
  expect(await cpe.reports(1)).toHaveLength(1)
})

test('bad input 24: of two sessions of one device at once the later one goes on, and no Download is written twice', async () => {
  const cpe = field.cpe()
  await cpe.isHinted(24)
  await cpe.contact()
  const first = { cookie: cpe.cookie! }
  const asked = await cpe.empty()
  await cpe.contact()
  expect((await cpe.empty()).rpc).toBe('GetParameterValues')
  const values = answerValues(asked, () => 'x')
  const late = await cpe.say('GetParameterValuesResponse', values, '1', first)
  expect([late.status, late.body.includes('<')]).toEqual([400, false])
  expect((await cpe.say('GetParameterValuesResponse', values)).rpc).toBe('Download')
  expect(field.stand.claims.filter(({ deviceKey }) => deviceKey === cpe.deviceKey)).toHaveLength(1)
})

test('bad input 25: after a reset between Download and its response the device is asked what it holds, and sent nothing', async () => {
  const cpe = field.cpe()
  await cpe.isHinted(25)
  expect((await cpe.toDownload()).rpc).toBe('Download')
  const old = { cookie: cpe.cookie! }
  await cpe.contact({ events: ['1 BOOT'] })
  expect((await cpe.empty()).rpc).toBe('GetAllQueuedTransfers')
  expect((await cpe.say('DownloadResponse', DOWNLOAD_ACCEPTED, '1', old)).status).toBe(400)
  const list = `<TransferList><AllQueuedTransferStruct><CommandKey>${attemptId(25)}</CommandKey><State>2</State></AllQueuedTransferStruct></TransferList>`
  expect((await cpe.say('GetAllQueuedTransfersResponse', list)).status).toBe(204)
  expect((await cpe.facts(3)).slice(1)).toMatchObject([
    { kind: 'download_unanswered', attemptId: attemptId(25) },
    { kind: 'queued_transfers_listed', askedFor: attemptId(25), attemptIds: [attemptId(25)] },
  ])
})

const unasked: readonly (readonly [string, string])[] = [
  ['before anything was asked', 'GetParameterValuesResponse'],
  ['to a Download that was never sent', 'DownloadResponse'],
  ['to a call that nobody knows', 'X_MineResponse'],
]

test.each(unasked)('bad input 26: a response %s ends its session, and changes nothing', async (_, response) => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'Reboot' })
  await cpe.contact()
  const heard = await cpe.say(response, '<ParameterList/>')
  expect([heard.status, heard.body.includes('<')]).toEqual([400, false])
  expect((await cpe.empty()).status).toBe(400)
  expect((await cpe.say('TransferComplete', transferComplete('k'))).status).toBe(400)
  expect((await cpe.record()).tasks).toHaveLength(1)
  await cpe.contact()
  expect((await cpe.empty()).rpc).toBe('Reboot')
})

test('bad input 26: a response to another call than the one that is open is none of it', async () => {
  const cpe = field.cpe()
  const taskId = await cpe.isAsked({ method: 'Reboot' })
  await cpe.contact()
  await cpe.empty()
  expect((await cpe.say('FactoryResetResponse')).status).toBe(400)
  await cpe.contact()
  await cpe.empty()
  expect(await cpe.reports(1)).toMatchObject([{ taskId, result: { kind: 'unanswered' } }])
})
