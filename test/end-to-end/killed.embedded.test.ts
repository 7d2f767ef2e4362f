import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bringInFirmware, trustVendor } from './bring-in-firmware.ts'
import { judgeHistory } from './judge-history.ts'
import type { Order } from './ordered-faults.ts'
import { quickPolicy, startCampaign, waitForCampaign, waitForState } from './run-campaign.ts'
import { type RunningFleet, runFleet } from './run-fleet.ts'
import { type EmbeddedSystem, startEmbeddedSystem } from './start-embedded.ts'
import { unexpectedOutcomes } from './unexpected-outcomes.ts'

const ordered: readonly Order[] = [
  { faults: { refusesImage: true }, outcomes: ['failed image_rejected'] },
  { faults: { fallsBackUnseen: true }, outcomes: ['rolled_back'] },
  { faults: { losesSettingsSilently: true }, outcomes: ['verified_config_lost'] },
]
/** Nobody times out here: what is lost is found by asking, however slowly the system starts again. */
const policy = {
  ...quickPolicy,
  caps: { inFlight: 6, unproven: 30 },
  timers: {
    ...quickPolicy.timers,
    answerMs: 10_000,
    firstReportMs: 40_000,
    sessionRetryMs: 20_000,
    minTransferMs: 40_000,
    flashMs: 40_000,
  },
}
let system: EmbeddedSystem
let fleet: RunningFleet
beforeAll(async () => {
  system = await startEmbeddedSystem()
  await trustVendor(system)
}, 180_000)
afterAll(async () => {
  await fleet?.remove()
  await system?.remove()
})

test('killed with -9 in mid-campaign, twice, and started again, the one-process system ends with the right counts', async () => {
  fleet = await runFleet(system, {
    count: 24,
    faults: ordered.map(({ faults }) => faults),
  })
  const artifact = await bringInFirmware(system, { version: '2.0.0' })
  const { campaignId } = await startCampaign(system, artifact.artifactId, policy)
  for (const settled of [1, 8]) {
    await waitForCampaign(system, campaignId, ({ outcomes }) => sum(outcomes) >= settled)
    await system.kill()
    await sleep(300)
    await system.startAgain()
  }
  const campaign = await waitForState(system, campaignId, ['finished', 'paused', 'aborted'], 120_000)
  expect(await unexpectedOutcomes(system, campaignId, fleet, ordered)).toEqual([])
  expect(campaign).toMatchObject({
    state: 'finished',
    outcomes: { verified: 21, verified_config_lost: 1, rolled_back: 1, failed: 1 },
  })
  expect(await judgeHistory(system, [fleet])).toEqual([])
}, 240_000)

const sum = (outcomes: Readonly<Record<string, number>>) => Object.values(outcomes).reduce((all, n) => all + n, 0)
