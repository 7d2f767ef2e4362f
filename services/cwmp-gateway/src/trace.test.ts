import { traceIdOf, upgradeTraceparent } from '@sluice/contracts'
import { startTelemetry, type Telemetry } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { answerValues, createCpe } from './testing/cpe.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { natsTransport } from './testing/transports.ts'
import { go, hint, TARGET, upgradeId } from './testing/upgrade-parts.ts'

let telemetry: Telemetry
let stand: Stand
beforeAll(async () => {
  telemetry = await startTelemetry({ service: 'test' })
  stand = await openStand({ transport: await natsTransport(inject('natsUrl')) })
})
afterAll(async () => {
  await stand.close()
  await telemetry.stop()
})

test('whatever a device does for an upgrade bears the upgrade’s trace, from the Inform before the claim to the target', async () => {
  const traceparent = upgradeTraceparent(upgradeId(1))
  const cpe = createCpe({ serial: 'T1', port: () => stand.gateways[0]!.port })
  await stand.hotStore.place([hint(cpe.deviceKey)])
  stand.onClaim = () => go(1, { traceparent })
  await cpe.inform()
  const asked = await cpe.empty()
  await cpe.say(
    'GetParameterValuesResponse',
    answerValues(asked, () => 'x'),
  )
  await cpe.say('DownloadResponse', '<Status>1</Status><StartTime/><CompleteTime/>')
  await cpe.inform({ version: TARGET })
  await waitUntil(() => stand.observed.length === 2 && stand.informed.length === 2)
  const traces = [...stand.informed, ...stand.observed].map((item) => traceIdOf(item.traceparent ?? ''))
  expect(new Set(traces)).toEqual(new Set([traceIdOf(traceparent)]))
  cpe.close()
})

test('a device without an upgrade has a trace of its own for each session', async () => {
  const cpe = createCpe({ serial: 'T2', port: () => stand.gateways[0]!.port })
  const before = stand.informed.length
  await cpe.inform()
  await cpe.inform()
  await waitUntil(() => stand.informed.length === before + 2)
  const traces = stand.informed.slice(before).map(({ traceparent }) => traceIdOf(traceparent ?? ''))
  expect(new Set(traces).size).toBe(2)
  cpe.close()
})

test('all POSTs of a session are in one trace, whichever gateways answer them', async () => {
  await stand.open()
  let turn = 0
  const cpe = createCpe({ serial: 'T3', port: () => stand.gateways[turn++ % 2]!.port })
  await cpe.inform({ events: ['1 BOOT'] })
  await cpe.say('GetRPCMethods')
  await cpe.say('TransferComplete', '<CommandKey>k</CommandKey>')
  const lines = () => stand.others.messages.filter(({ deviceKey }) => deviceKey === cpe.deviceKey)
  await waitUntil(() => lines().length === 6 && stand.facts('transfer_completed').length === 1)
  const traces = lines().map(({ traceparent }) => traceIdOf(traceparent ?? ''))
  const fact = stand.observed.find(({ deviceKey }) => deviceKey === cpe.deviceKey)
  expect(new Set([...traces, traceIdOf(fact?.traceparent ?? '')]).size).toBe(1)
  cpe.close()
})
