import type { Leg, PolicyDraft } from '@sluice/contracts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bringInFirmware, trustVendor } from './bring-in-firmware.ts'
import { judgeHistory } from './judge-history.ts'
import { FAR_FREEZE, ZONE, openHours } from './open-hours.ts'
import { quickPolicy, upgradesOf, waitForState } from './run-campaign.ts'
import { type FleetOptions, type RunningFleet, runFleet } from './run-fleet.ts'
import { startEmbeddedSystem } from './start-embedded.ts'
import type { System } from './system.ts'

let system: System
const fleets: RunningFleet[] = []
beforeAll(async () => {
  system = await startEmbeddedSystem({ labNetworks: '127.0.0.0/8' })
  await trustVendor(system)
}, 180_000)
afterAll(async () => {
  for (const fleet of fleets) await fleet.remove()
  await system?.remove()
})

async function run(options: FleetOptions): Promise<RunningFleet> {
  const fleet = await runFleet(system, { version: '1.2', ...options })
  fleets.push(fleet)
  return fleet
}

async function startWay(path: readonly Leg[], names: readonly string[], policy: PolicyDraft): Promise<string> {
  const body = { name: 'way', path: [...path], targets: { names: [...names] }, policy }
  const { campaignId } = await system.client.call('createCampaign', { body })
  await waitForState(system, campaignId, ['ready'])
  await system.client.call('startCampaign', { params: { campaignId }, body: {} })
  return campaignId
}

/** Of one model: 1.2 -> 1.4 -> 2.0. */
async function legsOf(productClass: string): Promise<Leg[]> {
  const draft = { fits: [{ oui: '02A1B2', productClass }] }
  const named = (version: string) => ({ version, draft: { ...draft, name: `${productClass} ${version}` } })
  const stone = await bringInFirmware(system, named('1.4'))
  const last = await bringInFirmware(system, named('2.0'))
  return [
    { artifactId: stone.artifactId, from: { below: '1.4' }, steppingStone: true },
    { artifactId: last.artifactId, from: { from: '1.4' } },
  ]
}

const versionsOf = (fleet: RunningFleet) =>
  Map.groupBy(
    fleet.lines().filter(({ what }) => what === 'flashed'),
    ({ deviceName }) => deviceName,
  )
    .values()
    .map((lines) => lines.map((line) => ('version' in line ? line.version : '')).join(' '))
    .toArray()

test('two models go over their stepping stones to the last version in one campaign', async () => {
  const gateways = await run({ serialPrefix: 'GAT', count: 3 })
  const bridges = await run({ serialPrefix: 'BRI', count: 2, model: { productClass: 'SimBridge' } })
  const path = [...(await legsOf('SimGateway')), ...(await legsOf('SimBridge'))]
  const campaignId = await startWay(path, [...gateways.names, ...bridges.names], quickPolicy)
  const campaign = await waitForState(system, campaignId, ['finished', 'paused', 'aborted'], 90_000)
  expect(campaign).toMatchObject({ state: 'finished', size: 10, counters: { success: 5, benign: 5 } })
  expect(versionsOf(gateways)).toEqual(['1.4 2.0', '1.4 2.0', '1.4 2.0'])
  expect(versionsOf(bridges)).toEqual(['1.4 2.0', '1.4 2.0'])
  const artifacts = new Set((await upgradesOf(system, campaignId)).map(({ artifactId }) => artifactId))
  expect([...artifacts].toSorted()).toEqual(path.map(({ artifactId }) => artifactId).toSorted())
}, 180_000)

test('a device that has ScheduleDownload is handed its window, and one that has not gets Download', async () => {
  const faults = [{}, { lacksMethods: ['ScheduleDownload'] }]
  const fleet = await run({ serialPrefix: 'SCH', count: 2, model: { productClass: 'SimPlanner' }, faults })
  const [, last] = await legsOf('SimPlanner')
  for (const device of fleet.names) {
    await system.client.call('updateDevice', { params: { device }, body: { zone: ZONE } })
  }
  // They come round every day: it is handed two of them.
  const { days: _, ...hours } = openHours()
  const policy = {
    ...quickPolicy,
    windows: [hours],
    freeze: [FAR_FREEZE],
    delivery: { method: 'schedule_download' as const },
  }
  const campaignId = await startWay([{ artifactId: last!.artifactId }], fleet.names, policy)
  const campaign = await waitForState(system, campaignId, ['finished', 'paused', 'aborted'], 90_000)
  expect(campaign).toMatchObject({ state: 'finished', counters: { success: 2 } })
  expect(versionsOf(fleet)).toEqual(['2.0', '2.0'])
  const told = fleet.lines().filter((line) => line.what === 'download_received')
  const withWindows = told.filter(({ argumentNames }) => argumentNames.includes('TimeWindowList'))
  expect([told.length, withWindows.map(({ deviceName }) => deviceName)]).toEqual([2, [fleet.names[0]]])
}, 180_000)

test('journals, API and the devices’ own records agree, and every guarantee was kept', async () => {
  expect(await judgeHistory(system, fleets)).toEqual([])
}, 180_000)
