import { afterAll, beforeAll, expect, test } from 'vitest'
import { bringInFirmware, trustVendor } from './bring-in-firmware.ts'
import { startCampaign, upgradesOf, waitForState } from './run-campaign.ts'
import { runFleet } from './run-fleet.ts'
import { startEmbeddedSystem } from './start-embedded.ts'
import type { System } from './system.ts'

let system: System
beforeAll(async () => {
  system = await startEmbeddedSystem()
})
afterAll(() => system.remove())

test('a router that informs is upgraded, proven and counted', async () => {
  await trustVendor(system)
  const fleet = await runFleet(system, { count: 3 })
  const artifact = await bringInFirmware(system, { version: '2.0.0' })
  expect(artifact).toMatchObject({ status: 'trusted' })
  const { campaignId } = await startCampaign(system, artifact.artifactId)
  const campaign = await waitForState(system, campaignId, ['finished', 'paused'])
  expect(campaign).toMatchObject({ state: 'finished', outcomes: { verified: 3 } })
  const upgrades = await upgradesOf(system, campaignId)
  const states = await fleet.stop()
  expect(states.map(({ outcomeAsDeviceSeesIt }) => outcomeAsDeviceSeesIt)).toEqual(upgrades.map(() => 'running_new'))
  await fleet.remove()
})
