import { waitUntil } from '@sluice/testbed'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { deviceProfile } from '@sluice/model-profiles'
import { type Field, type FieldCpe, openField, profileOf } from './conformance/field.ts'
import { DOWNLOAD_ACCEPTED, writtenValues } from './conformance/written.ts'
import type { Heard } from './testing/cpe.ts'
import { attemptId, TARGET, upgradeId, watchOf, campaignId } from './testing/upgrade-parts.ts'

const [ssid = '', user = ''] = deviceProfile.settings
const voip = 'Device.Services.VoiceService.1.VoiceProfile.1.Line.1.Status'
const model = 'Keeper'
const profile = profileOf(model, {
  restorable: [ssid, user],
  checks: [
    { name: 'voip-line', path: voip, must: { equal: 'Up' } },
    { name: 'no-such', path: 'Device.None', must: { beAtLeast: 1 } },
  ],
})
const HOME = 'Café Zur Sonne'

let field: Field
beforeEach(async () => {
  field = await openField({ profiles: [profile], settings: {} })
})
afterEach(() => field.close())

/** A device that answers what it is asked until there is nothing more, with its parameters as they are now. */
async function live(cpe: FieldCpe, parameters: Map<string, string>, first: Heard): Promise<void> {
  let heard = first
  for (let turn = 0; turn < 40 && heard.status === 200; turn++) {
    if (heard.rpc === 'Download') heard = await cpe.say('DownloadResponse', DOWNLOAD_ACCEPTED, heard.id)
    else if (heard.rpc === 'GetParameterValues') {
      const names = [...heard.body.matchAll(/<string[^>]*>([^<]*)<\/string>/g)].map((match) => match[1] ?? '')
      heard = names.every((name) => parameters.has(name))
        ? await cpe.say(
            'GetParameterValuesResponse',
            writtenValues(names.map((name) => [name, parameters.get(name) ?? ''])),
            heard.id,
          )
        : await cpe.post(faulted(heard.id))
    } else if (heard.rpc === 'SetParameterValues') {
      const values = [...heard.body.matchAll(/<Name>([^<]*)<\/Name>\s*<Value[^>]*>([^<]*)<\/Value>/g)]
      for (const [, name = '', value = ''] of values) parameters.set(name, value)
      heard = await cpe.say('SetParameterValuesResponse', '<Status>0</Status>', heard.id)
    } else throw new Error(`a ${heard.rpc} was not expected`)
  }
}

function faulted(id: string): string {
  return (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:cwmp="urn:dslforum-org:cwmp-1-2">' +
    `<e:Header><cwmp:ID e:mustUnderstand="1">${id}</cwmp:ID></e:Header><e:Body><e:Fault><faultcode>Client</faultcode>` +
    '<faultstring>CWMP fault</faultstring><detail><cwmp:Fault><FaultCode>9005</FaultCode><FaultString/></cwmp:Fault></detail>' +
    '</e:Fault></e:Body></e:Envelope>'
  )
}

const session = async (cpe: FieldCpe, parameters: Map<string, string>, version: string) => {
  await cpe.contact({ version, events: ['1 BOOT'] })
  await live(cpe, parameters, await cpe.empty())
}

test('settings go sealed to the scheduler and come back to the device that lost them; what was not lost is not written', async () => {
  const cpe = field.cpe({ model })
  const { hotStore } = field.stand
  const parameters = new Map([
    [ssid, HOME],
    [user, 'admin'],
    ['Device.DeviceInfo.ProvisioningCode', 'P'],
    [deviceProfile.wanStatus.path, 'Up'],
    [voip, 'Up'],
  ])
  await field.stand.others.setRules({ logBodiesOf: [cpe.deviceKey] })
  const task = { kind: 'upgrade', taskId: upgradeId(1), campaignId, weight: 1, notBefore: null, revision: 1 } as const
  await hotStore.place([{ op: 'put_task', deviceKey: cpe.deviceKey, task: { ...task, keepsSettings: true } }])
  await session(cpe, parameters, '1.0')
  const [claim] = field.stand.claims
  const kept = claim?.keptSettings ?? {}
  expect(Object.keys(kept).toSorted()).toEqual([user, ssid].toSorted())
  expect(claim).toMatchObject({ hasChecks: true })

  parameters.set(ssid, 'Factory-0815')
  field.stand.onKept = ({ deviceKey }) =>
    deviceKey === cpe.deviceKey ? { kind: 'kept', settings: kept } : { kind: 'gone' }
  await hotStore.place([
    { op: 'put_watch', deviceKey: cpe.deviceKey, watch: watchOf(1, { restore: true, revision: 9 }) },
  ])
  await session(cpe, parameters, TARGET)
  expect(parameters.get(ssid)).toBe(HOME)
  const facts = await cpe.facts(5)
  expect(facts.map(({ kind }) => kind)).toEqual([
    'download_answered',
    'informed',
    'settings_restored',
    'snapshot_read',
    'checks_read',
  ])
  expect(facts[2]).toMatchObject({ attemptId: attemptId(1), names: [ssid], refused: [] })
  expect(facts[3]).toMatchObject({ settings: claim?.snapshot.settings })
  expect(facts[4]).toMatchObject({ checks: { 'voip-line': 'passed', 'no-such': 'unknown' } })

  await cpe.messages('SetParameterValues')
  const told = JSON.stringify([
    field.stand.claims,
    field.stand.observed,
    field.stand.others.messages.filter(({ method }) => method.startsWith('SetParameter')),
  ])
  expect(told).not.toContain(HOME)
  expect(JSON.stringify(await cpe.record())).not.toContain(HOME)
})

test('a check whose value is wrong is told as failed, and its value is not', async () => {
  const cpe = field.cpe({ model })
  const parameters = new Map([
    [ssid, HOME],
    [user, 'admin'],
    ['Device.DeviceInfo.ProvisioningCode', 'P'],
    [deviceProfile.wanStatus.path, 'Up'],
    [voip, 'Registering-secret'],
  ])
  await field.stand.hotStore.place([{ op: 'put_watch', deviceKey: cpe.deviceKey, watch: watchOf(2) }])
  await session(cpe, parameters, TARGET)
  await waitUntil(() => cpe.heard('checks_read').length === 1)
  expect(cpe.heard('checks_read')).toMatchObject([{ checks: { 'voip-line': 'failed', 'no-such': 'unknown' } }])
  expect(JSON.stringify(field.stand.observed)).not.toContain('Registering-secret')
})

test('no setting is kept that its hint did not ask for, or that the gateway has no key for', async () => {
  for (const [n, keepsSettings, settingsKey] of [
    [3, false, 'ab'.repeat(32)],
    [4, true, undefined],
  ] as const) {
    const other = await openField({ profiles: [profile], settings: { settingsKey } })
    const cpe = other.cpe({ model })
    const parameters = new Map(
      [...profile.settings, ...profile.sentinels, profile.wanStatus.path].map((name) => [name, HOME]),
    )
    const task = { kind: 'upgrade', taskId: upgradeId(n), campaignId, weight: 1, notBefore: null, revision: 1 } as const
    await other.stand.hotStore.place([{ op: 'put_task', deviceKey: cpe.deviceKey, task: { ...task, keepsSettings } }])
    await cpe.contact()
    await live(cpe, parameters, await cpe.empty())
    expect(other.stand.claims).toHaveLength(1)
    expect(other.stand.claims[0]).not.toHaveProperty('keptSettings')
    await other.close()
  }
})
