import { afterAll, beforeAll, expect, test } from 'vitest'
import { fault } from '../testing/cpe.ts'
import { type Field, openField, profileOf } from './field.ts'
import { enveloped, transferComplete, writtenValues } from './written.ts'

let field: Field
beforeAll(async () => {
  field = await openField({
    profiles: [profileOf('Rootless', { refusesRootPath: true }), profileOf('Narrow', { namesPerRead: 2 })],
  })
})
afterAll(() => field.close())

test.each([
  [true, '1'],
  [false, '0'],
])('quirk 24: NextLevel %s is written as %s', async (nextLevel, text) => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'GetParameterNames', path: 'Device.X.', nextLevel })
  await cpe.contact()
  expect((await cpe.empty()).body).toContain(`<NextLevel>${text}</NextLevel>`)
})

const roots = ['', 'Device.']

test.each(roots)('quirk 25: a model that reboots over the root "%s" is never asked for it', async (path) => {
  const cpe = field.cpe({ model: 'Rootless' })
  await cpe.isAsked({ method: 'GetParameterNames', path, nextLevel: true })
  await cpe.isAsked({ method: 'GetParameterValues', names: [path] })
  await cpe.contact()
  expect((await cpe.empty()).status).toBe(204)
  expect(await cpe.reports(2)).toMatchObject([{ result: { kind: 'not_sent' } }, { result: { kind: 'not_sent' } }])
  expect((await cpe.record()).tasks).toEqual([])
})

test('quirk 25: any other model is', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'GetParameterNames', path: '', nextLevel: true })
  await cpe.contact()
  expect((await cpe.empty()).rpc).toBe('GetParameterNames')
})

test('quirk 26: what a device calls read-only is written all the same, and its answer is what counts', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'GetParameterNames', path: 'Device.X.', nextLevel: true })
  await cpe.isAsked({
    method: 'SetParameterValues',
    parameters: [{ name: 'Device.X.Name', value: 'n', type: 'string' }],
  })
  await cpe.contact()
  await cpe.empty()
  const info = '<ParameterInfoStruct><Name>Device.X.Name</Name><Writable>0</Writable></ParameterInfoStruct>'
  const set = await cpe.say('GetParameterNamesResponse', `<ParameterList>${info}</ParameterList>`)
  expect(set.rpc).toBe('SetParameterValues')
  await cpe.say('SetParameterValuesResponse', '<Status>0</Status>')
  expect(await cpe.reports(2)).toMatchObject([
    { result: { response: { parameters: [{ name: 'Device.X.Name', writable: false }] } } },
    { result: { response: { status: 0 } } },
  ])
})

test('quirk 27: one name that is unknown costs the others nothing', async () => {
  const cpe = field.cpe()
  const names = ['Device.A', 'Device.B', 'Device.Bad', 'Device.C']
  await cpe.isAsked({ method: 'GetParameterValues', names })
  await cpe.contact()
  let heard = await cpe.empty()
  while (heard.rpc === 'GetParameterValues') {
    const asked = [...heard.body.matchAll(/<string[^>]*>(Device\.\w+)</g)].map(([, name]) => name ?? '')
    heard = asked.includes('Device.Bad')
      ? await cpe.post(enveloped(fault(9005, 'Invalid name')))
      : await cpe.say('GetParameterValuesResponse', writtenValues(asked.map((name) => [name, `${name}!`])))
  }
  expect(heard.status).toBe(204)
  const [report] = await cpe.reports(1)
  expect(report).toMatchObject({
    result: {
      response: {
        parameters: [{ value: 'Device.A!' }, { value: 'Device.B!' }, { value: 'Device.C!' }],
        faults: [{ name: 'Device.Bad', code: 9005 }],
      },
    },
  })
})

test('quirk 27: no list is longer than the model takes, and one that is refused as too long is halved', async () => {
  const cpe = field.cpe({ model: 'Narrow' })
  await cpe.isAsked({ method: 'GetParameterValues', names: ['Device.A', 'Device.B', 'Device.C'] })
  await cpe.contact()
  const namesIn = ({ body }: { body: string }) => [...body.matchAll(/>Device\.(\w+)</g)].map(([, name]) => name)
  const both = await cpe.empty()
  expect(namesIn(both)).toEqual(['A', 'B'])
  const first = await cpe.post(enveloped(fault(9004, 'Resources exceeded')))
  expect(namesIn(first)).toEqual(['A'])
  const second = await cpe.say('GetParameterValuesResponse', writtenValues([['Device.A', 'a']]))
  expect(namesIn(second)).toEqual(['B'])
  const third = await cpe.say('GetParameterValuesResponse', writtenValues([['Device.B', 'b']]))
  expect(namesIn(third)).toEqual(['C'])
  expect((await cpe.say('GetParameterValuesResponse', writtenValues([['Device.C', 'c']]))).status).toBe(204)
  expect(await cpe.reports(1)).toMatchObject([
    { result: { response: { parameters: [{ value: 'a' }, { value: 'b' }, { value: 'c' }] } } },
  ])
})

const statuses: readonly (readonly [string, string, number])[] = [
  ['1', '<Status>1</Status>', 1],
  ['another than 0 and 1', '<Status>5</Status>', 1],
  ['no Status', '', 1],
]

test.each(statuses)('quirk 28: a SetParameterValuesResponse with %s is one, and no fault', async (_, inner, status) => {
  const cpe = field.cpe()
  const parameters = [{ name: 'Device.X', value: 'x', type: 'string' }] as const
  await cpe.isAsked({ method: 'SetParameterValues', parameters: [...parameters] })
  await cpe.contact()
  await cpe.empty()
  expect((await cpe.say('SetParameterValuesResponse', inner)).status).toBe(204)
  expect(await cpe.reports(1)).toMatchObject([{ result: { kind: 'response', response: { status } } }])
})

test('quirk 48: nothing waits for a ParameterKey that never comes back', async () => {
  const cpe = field.cpe()
  const parameters = [{ name: 'Device.X', value: 'x', type: 'string' as const }]
  await cpe.isAsked({ method: 'SetParameterValues', parameters, parameterKey: 'key-48' })
  await cpe.contact()
  expect((await cpe.empty()).body).toContain('<ParameterKey>key-48</ParameterKey>')
  await cpe.say('SetParameterValuesResponse', '<Status>0</Status>')
  expect(await cpe.reports(1)).toMatchObject([{ result: { kind: 'response' } }])
  await cpe.contact({ more: [['ManagementServer.ParameterKey', 'another']] })
  expect((await cpe.empty()).status).toBe(204)
})

test('quirk 23: the times of a transfer without milliseconds or zone reach the operator', async () => {
  const cpe = field.cpe()
  const taskId = await cpe.isAsked({ method: 'Download', fileType: '3 Vendor Configuration File', url: 'http://a/f' })
  await cpe.contact()
  await cpe.empty()
  await cpe.say('DownloadResponse', '<Status>1</Status>')
  const complete = transferComplete(taskId).replace('12:00:00Z', '12:00:00').replace('12:01:00Z', '14:01:00+0200')
  expect((await cpe.say('TransferComplete', complete)).rpc).toBe('TransferCompleteResponse')
  expect((await cpe.reports(2))[1]).toMatchObject({
    kind: 'completed',
    late: { fault: null, startTime: '2026-11-20T12:00:00.000Z', completeTime: '2026-11-20T12:01:00.000Z' },
  })
})
