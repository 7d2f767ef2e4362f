import { systemClock } from '@sluice/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerValues } from '../testing/cpe.ts'
import { type Field, openField, profileOf } from './field.ts'

/** Real time, which a test can let pass. */
function createShiftedClock() {
  const clock = { ...systemClock, ahead: 0, now: () => systemClock.now() + clock.ahead }
  return clock
}

const clock = createShiftedClock()
let field: Field
beforeAll(async () => {
  field = await openField({
    clock,
    profiles: [
      profileOf('Slow', { answerMs: 240_000 }),
      profileOf('Sleepy', { postBootHoldOffMs: 600_000 }),
      profileOf('Thrice', { endsAfterEmptyPosts: 3 }),
      profileOf('Changed', { settings: ['Device.Old.Name'], sentinels: [] }),
      {
        ...profileOf('Changed', { settings: ['Device.New.Name'], sentinels: [] }),
        name: 'changed-from-2',
        match: { productClass: 'Changed', root: 'Device.', softwareVersionFrom: '2.0' },
      },
    ],
  })
})
afterAll(() => field.close())

test('quirk 45: a session outlives the minutes that its model takes for an answer', async () => {
  const cpe = field.cpe({ model: 'Slow' })
  await cpe.isAsked({ method: 'GetParameterNames', path: 'Device.', nextLevel: false })
  await cpe.contact()
  await cpe.empty()
  clock.ahead += 200_000
  expect((await cpe.say('GetParameterNamesResponse', '<ParameterList/>')).status).toBe(204)
  expect(await cpe.reports(1)).toMatchObject([{ result: { kind: 'response' } }])
})

test('quirk 45: of any other model it does not, and what was asked is told as unanswered', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'GetParameterNames', path: 'Device.', nextLevel: false })
  await cpe.contact()
  await cpe.empty()
  clock.ahead += 200_000
  expect((await cpe.say('GetParameterNamesResponse', '<ParameterList/>')).status).toBe(400)
  await cpe.contact()
  await cpe.empty()
  expect(await cpe.reports(1)).toMatchObject([{ result: { kind: 'unanswered' } }])
})

const limits: readonly (readonly [number, number, object])[] = [
  [4_194_304, 204, { kind: 'response' }],
  [131_072, 413, { kind: 'fault', fault: { code: 8004 } }],
]

test.each(limits)(
  'quirk 45: with a limit of %i bytes an answer of 8,000 names is %i, and told',
  async (sessionBodyLimit, status, result) => {
    const { port } = await field.stand.open({ sessionBodyLimit })
    const cpe = field.cpe({ port: () => port })
    await cpe.isAsked({ method: 'GetParameterNames', path: 'Device.', nextLevel: false })
    await cpe.contact()
    await cpe.empty()
    const struct =
      '<ParameterInfoStruct><Name>Device.WiFi.Radio.1.Value</Name><Writable>1</Writable></ParameterInfoStruct>'
    const list = `<ParameterList>${struct.repeat(8_000)}</ParameterList>`
    expect((await cpe.say('GetParameterNamesResponse', list)).status).toBe(status)
    expect(await cpe.reports(1)).toMatchObject([{ result }])
  },
)

test('quirk 46: a model that needs time after a boot is left alone until it is over', async () => {
  const cpe = field.cpe({ model: 'Sleepy' })
  await cpe.isAsked({ method: 'GetRPCMethods' })
  for (const events of [['1 BOOT'], ['2 PERIODIC'], ['4 VALUE CHANGE']]) {
    await cpe.contact({ events })
    expect((await cpe.empty()).status).toBe(204)
    clock.ahead += 190_000
  }
  expect((await cpe.record()).tasks).toHaveLength(1)
  clock.ahead += 60_000
  await cpe.contact()
  expect((await cpe.empty()).rpc).toBe('GetRPCMethods')
})

test('quirk 47: a model that ends its sessions by three empty POSTs is asked between them', async () => {
  const cpe = field.cpe({ model: 'Thrice' })
  await cpe.isAsked({ method: 'GetRPCMethods' })
  await cpe.contact()
  expect((await cpe.empty()).rpc).toBe('GetRPCMethods')
  expect((await cpe.say('GetRPCMethodsResponse', '<MethodList/>')).status).toBe(204)
  await cpe.isAsked({ method: 'FactoryReset' })
  expect((await cpe.empty()).rpc).toBe('FactoryReset')
  expect((await cpe.say('FactoryResetResponse')).status).toBe(204)
  expect((await cpe.empty()).status).toBe(204)
  expect((await cpe.empty()).status).toBe(204)
})

test('quirk 47: so is one that came without anything to be done', async () => {
  const cpe = field.cpe({ model: 'Thrice' })
  await cpe.contact()
  expect((await cpe.empty()).status).toBe(204)
  await cpe.isAsked({ method: 'GetRPCMethods' })
  expect((await cpe.empty()).rpc).toBe('GetRPCMethods')
  expect((await cpe.say('GetRPCMethodsResponse', '<MethodList/>')).status).toBe(204)
})

test('quirk 47: what comes up after a session’s end waits for the next one, whatever empty POSTs follow', async () => {
  const cpe = field.cpe()
  await cpe.contact()
  expect((await cpe.empty()).status).toBe(204)
  await cpe.isAsked({ method: 'GetRPCMethods' })
  expect((await cpe.empty()).status).toBe(204)
  expect((await cpe.empty()).status).toBe(204)
  await cpe.contact()
  expect((await cpe.empty()).rpc).toBe('GetRPCMethods')
})

test.each([
  ['1.9', 'Device.Old.Name'],
  ['2.0', 'Device.New.Name'],
  ['10.0', 'Device.New.Name'],
])('quirk 51: firmware %s is read by the profile of its version', async (version, name) => {
  const cpe = field.cpe({ model: 'Changed' })
  await cpe.isHinted(51)
  await cpe.contact({ version })
  const asked = await cpe.empty()
  expect(asked.rpc).toBe('GetParameterValues')
  expect([...asked.body.matchAll(/>(Device\.(?:Old|New)\.\w+)</g)].map(([, found]) => found)).toEqual([name])
  await cpe.say(
    'GetParameterValuesResponse',
    answerValues(asked, () => 'x'),
  )
  const claim = field.stand.claims.find(({ deviceKey }) => deviceKey === cpe.deviceKey)
  expect(Object.keys(claim?.snapshot.settings ?? {})).toEqual([name])
})
