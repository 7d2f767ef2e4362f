import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { answerValues, createCpe, envelope, informBody } from './testing/cpe.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { natsTransport } from './testing/transports.ts'
import { TARGET, watchOf } from './testing/upgrade-parts.ts'

let stand: Stand
beforeAll(async () => {
  stand = await openStand({ transport: await natsTransport(inject('natsUrl')) })
})
afterAll(() => stand.close())

const silent = (serial: string) =>
  envelope('1-2', '1', informBody(serial, '', ['1 BOOT']).replace(/<ParameterList.*<\/ParameterList>/, ''))

test('quirk 11: a watched device whose Inform has no parameters is asked for its version, reported with it and verified', async () => {
  const cpe = createCpe({ serial: 'silent', port: () => stand.gateways[0]!.port })
  await stand.hotStore.place([{ op: 'put_watch', deviceKey: cpe.deviceKey, watch: watchOf(1) }])
  expect((await cpe.post(silent('silent'))).status).toBe(200)
  const asked = await cpe.empty()
  expect(asked.body).toContain('Device.DeviceInfo.SoftwareVersion')
  const verify = await cpe.say(
    'GetParameterValuesResponse',
    answerValues(asked, () => TARGET),
  )
  expect(verify.rpc).toBe('GetParameterValues')
  expect(
    (
      await cpe.say(
        'GetParameterValuesResponse',
        answerValues(verify, () => 'x'),
      )
    ).status,
  ).toBe(204)
  await waitUntil(() => stand.observed.length === 2)
  expect(stand.facts()).toMatchObject([
    { kind: 'informed', softwareVersion: TARGET, events: [{ code: '1 BOOT' }] },
    { kind: 'snapshot_read' },
  ])
})

test('quirk 11: a device nobody watches is not asked', async () => {
  const cpe = createCpe({ serial: 'quiet', port: () => stand.gateways[0]!.port })
  expect((await cpe.post(silent('quiet'))).status).toBe(200)
  expect((await cpe.empty()).status).toBe(204)
})
