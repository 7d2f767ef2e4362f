import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerValues } from '../testing/cpe.ts'
import { attemptId, TARGET, watchOf } from '../testing/upgrade-parts.ts'
import { type Field, type FieldCpe, openField } from './field.ts'
import { DOWNLOAD_ACCEPTED, enveloped, transferComplete } from './written.ts'

let field: Field
beforeAll(async () => {
  field = await openField()
})
afterAll(() => field.close())

const watched = (cpe: FieldCpe, n: number, more: Parameters<typeof watchOf>[1] = {}) =>
  field.stand.hotStore.place([{ op: 'put_watch', deviceKey: cpe.deviceKey, watch: watchOf(n, more) }])

/** On its target: reads what it is asked and says nothing else. */
async function reportTarget(cpe: FieldCpe, events: readonly (string | readonly [string, string])[]): Promise<void> {
  await cpe.contact({ version: TARGET, events })
  const asked = await cpe.empty()
  expect(asked.rpc).toBe('GetParameterValues')
  expect(
    (
      await cpe.say(
        'GetParameterValuesResponse',
        answerValues(asked, () => 'x'),
      )
    ).status,
  ).toBe(204)
}

test('quirk 30: without a TransferComplete the version and the settings are reported all the same', async () => {
  const cpe = field.cpe()
  await cpe.isHinted(30)
  await cpe.toDownload()
  await cpe.say('DownloadResponse', DOWNLOAD_ACCEPTED)
  await reportTarget(cpe, ['1 BOOT'])
  expect(await cpe.facts(3)).toMatchObject([
    { kind: 'download_answered' },
    { kind: 'informed', softwareVersion: TARGET },
    { kind: 'snapshot_read' },
  ])
})

const keys: readonly (readonly [string, readonly (readonly [string, string])[], string])[] = [
  [
    'the event has it and TransferComplete has none',
    [
      ['7 TRANSFER COMPLETE', ''],
      ['M Download', attemptId(31)],
    ],
    '',
  ],
  [
    'TransferComplete has it and the event has none',
    [
      ['7 TRANSFER COMPLETE', ''],
      ['M Download', ''],
    ],
    attemptId(31),
  ],
  [
    'the other event has it',
    [
      ['7 TRANSFER COMPLETE', attemptId(31)],
      ['M Download', ''],
    ],
    '',
  ],
  [
    'nobody has it',
    [
      ['7 TRANSFER COMPLETE', ''],
      ['M Download', ''],
    ],
    '',
  ],
]

test.each(keys)('quirk 31: each CommandKey is told where it stood: %s', async (_, events, commandKey) => {
  const cpe = field.cpe()
  await watched(cpe, 31)
  await cpe.contact({ events })
  expect((await cpe.say('TransferComplete', transferComplete(commandKey))).rpc).toBe('TransferCompleteResponse')
  expect(await cpe.facts(2)).toMatchObject([
    { kind: 'informed', events: events.map(([code, key]) => ({ code, commandKey: key })) },
    { kind: 'transfer_completed', commandKey, faultCode: 0 },
  ])
})

const strangeTimes = ['', '0001-01-01T00:00:00Z', '1970-01-01T00:04:11', '2011-11-20T11:54::14', '0000-00-00T00:00:00Z']

test.each(strangeTimes)('quirk 32: a transfer without FaultStruct that began at "%s" went well', async (time) => {
  const cpe = field.cpe()
  await cpe.contact()
  const complete = `<CommandKey>k</CommandKey><StartTime>${time}</StartTime><CompleteTime>${time}</CompleteTime>`
  expect((await cpe.say('TransferComplete', complete)).rpc).toBe('TransferCompleteResponse')
  expect(await cpe.facts(1)).toEqual([{ kind: 'transfer_completed', commandKey: 'k', faultCode: 0, faultString: '' }])
})

const downloadAnswers: readonly (readonly [string, string, 0 | 1])[] = [
  ['with Status 1 and no times', '<Status>1</Status>', 1],
  ['without Status', '<StartTime/><CompleteTime/>', 1],
  ['with an empty Status', '<Status/>', 1],
  ['with nothing in it', '', 1],
  ['with Status 0', '<Status>0</Status><StartTime/><CompleteTime/>', 0],
]

test.each(downloadAnswers)('quirk 33: a DownloadResponse %s is one', async (_, inner, status) => {
  const cpe = field.cpe()
  await cpe.isHinted(33)
  await cpe.toDownload()
  expect((await cpe.say('DownloadResponse', inner)).status).toBe(204)
  expect(await cpe.facts(1)).toEqual([{ kind: 'download_answered', attemptId: attemptId(33), status }])
  expect((await cpe.record()).offer).toEqual({ attemptId: attemptId(33), answered: true })
})

test('quirk 34: a TransferComplete before the image is applied leaves the device watched', async () => {
  const cpe = field.cpe()
  await watched(cpe, 34)
  await cpe.contact({
    events: [
      ['7 TRANSFER COMPLETE', ''],
      ['M Download', attemptId(34)],
    ],
  })
  await cpe.say('TransferComplete', transferComplete(attemptId(34)))
  expect((await cpe.empty()).status).toBe(204)
  await reportTarget(cpe, ['1 BOOT', '4 VALUE CHANGE'])
  expect((await cpe.facts(4)).map(({ kind }) => kind)).toEqual([
    'informed',
    'transfer_completed',
    'informed',
    'snapshot_read',
  ])
})

const orders = [
  ['1 BOOT', 'M Download', '7 TRANSFER COMPLETE'],
  ['7 TRANSFER COMPLETE', 'M Download', '1 BOOT'],
  ['M Download', '4 VALUE CHANGE', '7 TRANSFER COMPLETE', '1 BOOT', '0 BOOTSTRAP'],
]

test.each(orders)('quirk 34: all events of one Inform count, whatever their order: %s first', async (...events) => {
  const cpe = field.cpe()
  await watched(cpe, 34, { plantInformSeconds: 60 })
  await cpe.contact({ events })
  expect(await cpe.facts(1)).toMatchObject([{ kind: 'informed', events: events.map((code) => ({ code })) }])
  expect((await cpe.informs())[0]?.events.map(({ code }) => code)).toEqual(events)
  // 1 BOOT on the old version: the device is asked to be in touch again, wherever that event stood.
  expect((await cpe.empty()).rpc).toBe('ScheduleInform')
})

const notBoot = [
  '10 AUTONOMOUS TRANSFER COMPLETE',
  '11 DU STATE CHANGE COMPLETE',
  '13 WAKEUP',
  '14 HEARTBEAT',
  '12 X',
  '1',
]

test.each(notBoot)('quirk 35: %s is not 1 BOOT', async (code) => {
  const cpe = field.cpe()
  await watched(cpe, 35, { plantInformSeconds: 60 })
  await cpe.contact({ events: [code] })
  expect((await cpe.empty()).status).toBe(204)
  expect(await cpe.facts(1)).toMatchObject([{ kind: 'informed', events: [{ code }] }])
})

test('quirk 36: a fault code of the vendor’s own is told as it is, and Download says the exact size', async () => {
  const cpe = field.cpe()
  await cpe.isHinted(36)
  expect((await cpe.toDownload()).body).toContain('<FileSize>1234</FileSize>')
  await cpe.say('DownloadResponse', DOWNLOAD_ACCEPTED)
  await cpe.contact({ events: ['7 TRANSFER COMPLETE'] })
  await cpe.say('TransferComplete', transferComplete(attemptId(36), 9808))
  const facts = await cpe.facts(3)
  expect(facts.at(-1)).toEqual({
    kind: 'transfer_completed',
    commandKey: attemptId(36),
    faultCode: 9808,
    faultString: 'no',
  })
})

test('quirk 36: of a fault of any number and length as much is told as events hold', async () => {
  const cpe = field.cpe()
  await cpe.contact()
  for (const code of ['-5', '99999999999', 'x']) {
    const fault = `<FaultStruct><FaultCode>${code}</FaultCode><FaultString>${'ü'.repeat(5_000)}</FaultString></FaultStruct>`
    const heard = await cpe.say('TransferComplete', `<CommandKey>${'k'.repeat(500)}</CommandKey>${fault}`)
    expect(heard.rpc).toBe('TransferCompleteResponse')
  }
  const told = { commandKey: 'k'.repeat(32), faultCode: 9001, faultString: 'ü'.repeat(256) }
  expect(await cpe.facts(3)).toMatchObject([told, told, told])
})

test('quirk 37: a URL with what XML must escape arrives as it was meant', async () => {
  const cpe = field.cpe()
  const url = `http://192.0.2.9/f?a=1&b="2"&c='3'&d=%20`
  await cpe.isAsked({ method: 'Download', fileType: '3 Vendor Configuration File', url })
  await cpe.contact()
  const { body } = await cpe.empty()
  const written = /<URL>([^<]*)<\/URL>/.exec(body)?.[1] ?? ''
  expect(written).not.toMatch(/&(?!amp;|quot;|apos;|lt;|gt;|#)/)
  expect(written.replaceAll('&quot;', '"').replaceAll('&apos;', "'").replaceAll('&amp;', '&')).toBe(url)
})

const faults: readonly (readonly [string, string, number])[] = [
  ['with nothing in it', '<soap-env:Fault/>', 9001],
  [
    'of SOAP 1.2',
    '<soap-env:Fault><Detail><cwmp:Fault><FaultCode>9005</FaultCode></cwmp:Fault></Detail></soap-env:Fault>',
    9005,
  ],
  [
    'in the default namespace',
    '<Fault><detail><Fault xmlns="urn:x"><FaultCode>9004</FaultCode></Fault></detail></Fault>',
    9004,
  ],
  [
    'whose code is no number',
    '<Fault><detail><cwmp:Fault><FaultCode>x</FaultCode></cwmp:Fault></detail></Fault>',
    9001,
  ],
  [
    'whose code no event holds',
    '<Fault><detail><cwmp:Fault><FaultCode>9999999</FaultCode></cwmp:Fault></detail></Fault>',
    9001,
  ],
]

test.each(faults)('quirk 29: a fault %s is one', async (_, written, code) => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'FactoryReset' })
  await cpe.contact()
  await cpe.empty()
  expect((await cpe.post(enveloped(written))).status).toBe(204)
  expect(await cpe.reports(1)).toMatchObject([{ result: { kind: 'fault', fault: { code } } }])
})

test('quirk 29: a fault without detail is the answer to our call, and the session goes on', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'FactoryReset' })
  await cpe.isAsked({ method: 'GetRPCMethods' })
  await cpe.contact()
  expect((await cpe.empty()).rpc).toBe('FactoryReset')
  const bare = '<soap-env:Fault><faultcode>Client</faultcode><faultstring>not now</faultstring></soap-env:Fault>'
  expect((await cpe.post(enveloped(bare))).rpc).toBe('GetRPCMethods')
  expect(await cpe.reports(1)).toMatchObject([{ result: { kind: 'fault', fault: { code: 9001, text: 'not now' } } }])
})
