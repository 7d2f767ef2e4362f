import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attemptId, TARGET, watchOf } from '../testing/upgrade-parts.ts'
import { type Field, openField } from './field.ts'
import { DOWNLOAD_ACCEPTED, transferComplete } from './written.ts'

let field: Field
beforeAll(async () => {
  field = await openField()
})
afterAll(() => field.close())

const isWatched = (deviceKey: string, n: number) =>
  field.stand.hotStore.place([{ op: 'put_watch', deviceKey, watch: watchOf(n) }])

test.each(['', 'k', 'key-of-another-acs', `fw${'7'.repeat(26)}`, 'x'.repeat(32)])(
  'bad input 33: a TransferComplete for the unknown CommandKey %j is answered, and told as it came',
  async (commandKey) => {
    const cpe = field.cpe()
    await cpe.contact({ events: ['7 TRANSFER COMPLETE', ['M Download', commandKey]] })
    expect((await cpe.say('TransferComplete', transferComplete(commandKey))).rpc).toBe('TransferCompleteResponse')
    expect(await cpe.facts(1)).toMatchObject([{ kind: 'transfer_completed', commandKey, faultCode: 0 }])
    expect((await cpe.empty()).status).toBe(204)
  },
)

test('bad input 34; request 22: a TransferComplete before DownloadResponse, after it, and days later, is answered each time', async () => {
  const cpe = field.cpe()
  await cpe.isHinted(34)
  expect((await cpe.toDownload()).rpc).toBe('Download')
  const complete = () => cpe.say('TransferComplete', transferComplete(attemptId(34)))
  expect((await complete()).rpc).toBe('TransferCompleteResponse')
  expect((await cpe.say('DownloadResponse', DOWNLOAD_ACCEPTED)).status).toBe(204)
  expect((await complete()).rpc).toBe('TransferCompleteResponse')
  // Whatever became of the upgrade meanwhile: nobody watches the device any more.
  await field.stand.hotStore.place([
    { op: 'drop_watch', deviceKey: cpe.deviceKey, attemptId: attemptId(34), revision: 1_000 },
  ])
  await cpe.contact({ events: ['7 TRANSFER COMPLETE'] })
  expect((await complete()).rpc).toBe('TransferCompleteResponse')
  await cpe.facts(4)
  expect(cpe.heard('transfer_completed')).toHaveLength(3)
  expect(cpe.heard('download_answered')).toHaveLength(1)
})

test.each([...Array.from({ length: 20 }, (_, n) => 9001 + n), 9000, 9799, 9800, 9899, 99_999])(
  'bad input 35: FaultCode %i is told as it is',
  async (faultCode) => {
    const cpe = field.cpe()
    await cpe.contact({ events: ['7 TRANSFER COMPLETE'] })
    const said = transferComplete(attemptId(35), faultCode)
    expect((await cpe.say('TransferComplete', said)).rpc).toBe('TransferCompleteResponse')
    expect(await cpe.facts(1)).toMatchObject([{ commandKey: attemptId(35), faultCode }])
  },
)

test.each([
  ['a StartTime after its CompleteTime', '2026-11-20T13:00:00Z', '2026-11-20T12:00:00Z'],
  ['times of the year 1', '0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
  ['times that are none', 'yesterday', ''],
])('bad input 35: %s changes nothing about what is told', async (_, start, complete) => {
  const cpe = field.cpe()
  await cpe.contact({ events: ['7 TRANSFER COMPLETE'] })
  const said = `<CommandKey>${attemptId(35)}</CommandKey><FaultStruct><FaultCode>0</FaultCode><FaultString/></FaultStruct>`
  const times = `<StartTime>${start}</StartTime><CompleteTime>${complete}</CompleteTime>`
  expect((await cpe.say('TransferComplete', said + times)).rpc).toBe('TransferCompleteResponse')
  expect(await cpe.facts(1)).toMatchObject([{ commandKey: attemptId(35), faultCode: 0 }])
})

test('bad input 35: fault 0 while the old version runs on is told with the version it reports', async () => {
  const cpe = field.cpe()
  await isWatched(cpe.deviceKey, 35)
  await cpe.contact({ version: '1.0', events: ['7 TRANSFER COMPLETE'] })
  await cpe.say('TransferComplete', transferComplete(attemptId(35)))
  expect(await cpe.facts(2)).toMatchObject([
    { kind: 'informed', softwareVersion: '1.0' },
    { kind: 'transfer_completed', faultCode: 0 },
  ])
})

test.each(['1.0', '6.6.6'])(
  'bad input 36: a device that says it succeeded and comes back with version %s is told of with both',
  async (version) => {
    const cpe = field.cpe()
    await isWatched(cpe.deviceKey, 36)
    await cpe.contact({ version: TARGET, events: ['7 TRANSFER COMPLETE', '1 BOOT'] })
    await cpe.say('TransferComplete', transferComplete(attemptId(36)))
    await cpe.contact({ version, events: ['1 BOOT'] })
    await cpe.facts(3)
    const versions = cpe.heard('informed').map((fact) => fact.kind === 'informed' && fact.softwareVersion)
    expect(versions).toEqual([TARGET, version])
  },
)

test('bad input 37: a device that goes back and forth is told of at each Inform, and asked no more for it', async () => {
  const cpe = field.cpe()
  await isWatched(cpe.deviceKey, 37)
  for (let turn = 0; turn < 4; turn++)
    await cpe.contact({ version: turn % 2 === 0 ? TARGET : '1.0', events: ['1 BOOT'] })
  await cpe.facts(4)
  expect(cpe.heard('informed')).toHaveLength(4)
  expect(await cpe.record()).toMatchObject({ watch: { attemptId: attemptId(37) } })
})

describe('bad input 39: DIAGNOSTICS COMPLETE, TRANSFER COMPLETE and BOOT in one Inform', () => {
  const codes = ['8 DIAGNOSTICS COMPLETE', '7 TRANSFER COMPLETE', '1 BOOT'] as const
  const orders = codes.flatMap((a) =>
    codes.filter((b) => b !== a).map((b) => [a, b, codes.find((c) => c !== a && c !== b)!] as const),
  )

  test.each(orders)('bad input 39: %s, %s, %s', async (...events) => {
    const cpe = field.cpe()
    await isWatched(cpe.deviceKey, 39)
    expect((await cpe.contact({ version: TARGET, events: [...events, ['M Download', attemptId(39)]] })).rpc).toBe(
      'InformResponse',
    )
    expect((await cpe.say('TransferComplete', transferComplete(attemptId(39)))).rpc).toBe('TransferCompleteResponse')
    expect((await cpe.empty()).rpc).toBe('GetParameterValues')
    const [informed, completed] = await cpe.facts(2)
    expect(informed).toMatchObject({ kind: 'informed', softwareVersion: TARGET })
    const told = informed?.kind === 'informed' ? informed.events.map(({ code }) => code) : []
    expect(told).toEqual(expect.arrayContaining([...codes, 'M Download']))
    expect(completed).toMatchObject({ kind: 'transfer_completed', commandKey: attemptId(39), faultCode: 0 })
  })
})

test('an Inform that is tried again says how often, so that one boot is not taken for two', async () => {
  const cpe = field.cpe()
  await isWatched(cpe.deviceKey, 40)
  const tried = cpe.written({ version: TARGET, events: ['1 BOOT'] }).replace('<RetryCount>0<', '<RetryCount>3<')
  await cpe.post(tried, { 'content-type': 'text/xml' })
  expect(await cpe.facts(1)).toMatchObject([{ kind: 'informed', retryCount: 3 }])
})
