import { deviceProfile } from '@sluice/model-profiles'
import type { Faults } from '@sluice/device-simulator'
import { waitUntil } from '@sluice/testbed'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { bringInFirmware, trustVendor } from './bring-in-firmware.ts'
import { judgeDevices } from './judge-history.ts'
import { quickPolicy, startCampaign, upgradesOf, waitForState } from './run-campaign.ts'
import { runDevice, type RunningDevice } from './run-device.ts'
import { type EmbeddedSystem, startEmbeddedSystem } from './start-embedded.ts'

const SSID = 'Device.WiFi.SSID.1.SSID'
const ADDRESS = 'Device.IP.Interface.1.IPv4Address.1.IPAddress'
const profile = {
  ...deviceProfile,
  name: 'puts-back-and-checks',
  match: { oui: '02A1B2', productClass: 'SimGateway' },
  restorable: [...deviceProfile.settings],
  checks: [
    { name: 'wan-address', path: ADDRESS, must: { differFrom: '0.0.0.0' } },
    { name: 'no-such-service', path: 'Device.None.Status', must: { equal: 'Up' } },
  ],
}

let system: EmbeddedSystem
let turn = 0
const running: RunningDevice[] = []
const devices: RunningDevice[] = []
/** What subscribers had set up. */
const settings: string[] = []
beforeAll(async () => {
  system = await startEmbeddedSystem({ labNetworks: '127.0.0.0/8' })
  await trustVendor(system)
  await system.client.call('putProfile', { params: { name: profile.name }, body: profile })
}, 180_000)
afterEach(() => Promise.all(running.splice(0).map((one) => one.stop())))
afterAll(() => system?.remove())

/** One device with this fault, and what a campaign made of it. */
async function upgrade(prefix: string, faults: Faults, policy = {}) {
  const cpe = await runDevice(system, prefix, { periodicInformMs: 1_000 }, () => faults)
  running.push(cpe)
  devices.push(cpe)
  const device = async () => system.client.call('getDevice', { params: { device: cpe.name } })
  await waitUntil(async () => (await device()).lastInformAt !== null, { deadlineMs: 20_000 })
  const before = cpe.device.read(SSID) ?? ''
  settings.push(before)
  const { artifactId } = await bringInFirmware(system, { version: `5.${(turn += 1)}.0` })
  const { campaignId } = await startCampaign(system, artifactId, { ...quickPolicy, ...policy }, [cpe.name])
  await waitForState(system, campaignId, ['finished'], 60_000)
  const [outcome] = await upgradesOf(system, campaignId)
  return { cpe, before, outcome: outcome!, record: cpe.device.finalState() }
}

test('settings that the upgrade lost are put back on the device, and it says so', async () => {
  const { cpe, before, outcome, record } = await upgrade(
    'BCK',
    { losesSettingsSilently: true },
    { restoreSettings: true },
  )
  expect(outcome).toMatchObject({ state: 'verified', reason: 'settings_restored', countsAs: 'success' })
  expect(outcome.annotations).toContain('restored')
  expect(record).toMatchObject({ settingsIntact: true })
  expect(cpe.device.read(SSID)).toBe(before)
  expect(cpe.wrote('settings_lost')).toHaveLength(1)
  expect(cpe.wrote('settings_regained')).toHaveLength(1)
  expect(cpe.wrote('parameters_set').flatMap(({ names }) => names)).toEqual([SSID])
}, 120_000)

test('without the campaign’s wish they stay lost', async () => {
  const { cpe, outcome, record } = await upgrade('LST', { losesSettingsSilently: true })
  expect(outcome).toMatchObject({ state: 'verified_config_lost', reason: 'settings_changed' })
  expect(record).toMatchObject({ settingsIntact: false })
  expect(cpe.wrote('parameters_set')).toEqual([])
}, 120_000)

test('a service that does not come up with the new version fails the upgrade by the name of its check', async () => {
  const { cpe, outcome } = await upgrade('CHK', { breaksService: { name: ADDRESS, value: '0.0.0.0' } })
  expect(outcome).toMatchObject({ state: 'failed', reason: 'check_failed', failedChecks: ['wan-address'] })
  expect(cpe.wrote('service_broken')).toMatchObject([{ name: ADDRESS }])
}, 120_000)

test('where the services are up the upgrade is verified, and what the device has not got is said to be unknown', async () => {
  const { outcome, record } = await upgrade('FIN', {})
  expect(outcome).toMatchObject({ state: 'verified' })
  expect(outcome.annotations).toContain('checks_unknown')
  expect(record).toMatchObject({ outcomeAsDeviceSeesIt: 'running_new', settingsIntact: true })
}, 120_000)

test('a device that boots again and again on the new version is in a reboot loop', async () => {
  const timers = { ...quickPolicy.timers, soakMs: 12_000 }
  const { cpe, outcome } = await upgrade('LOP', { rebootLoops: 5 }, { timers })
  expect(outcome).toMatchObject({ state: 'failed', reason: 'reboot_loop', countsAs: 'hard' })
  const version = outcome.reportedVersion
  expect(cpe.wrote('booted').filter((boot) => boot.version === version).length).toBeGreaterThan(3)
}, 120_000)

test('journals, API and the devices’ own records agree, and every guarantee was kept', async () => {
  expect(devices).toHaveLength(5)
  expect(await judgeDevices(system, devices)).toEqual([])
}, 180_000)

test('no setting stands in any store or log', async () => {
  expect(settings).toHaveLength(5)
  const log = system.output()
  await system.stop()
  const stored = await system.readJournals(async (sql) => {
    if (!('query' in sql)) throw new Error('the embedded database is asked directly')
    const tables = await sql.query(
      `select table_schema || '.' || table_name as name from information_schema.tables
       where table_schema not in ('pg_catalog', 'information_schema', 'bus')`,
    )
    const rows = []
    for (const { name } of tables as { name: string }[])
      rows.push(await sql.query(`select t::text as row from ${name} t`))
    return JSON.stringify(rows)
  })
  for (const secret of settings) {
    expect(log).not.toContain(secret)
    expect(stored).not.toContain(secret)
  }
}, 180_000)
