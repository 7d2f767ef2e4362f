import type { Faults } from '@sluice/device-simulator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bringInFirmware, trustVendor } from './bring-in-firmware.ts'
import { judgeHistory } from './judge-history.ts'
import { startCampaign, upgradesOf, waitForState } from './run-campaign.ts'
import { runFleet } from './run-fleet.ts'
import type { System } from './system.ts'

/** Who misbehaves how, and what has to come of it. */
const ORDERED: readonly (readonly [faults: Faults, outcome: string])[] = [
  // 6.a
  [{ refusesImage: true }, 'failed image_rejected'],
  [{ refusesImage: 9019 }, 'failed image_rejected'],
  // 8.a
  [{ fallsBackUnseen: true }, 'rolled_back'],
  [{ fallsBackUnseen: 'claims_success' }, 'rolled_back'],
  [{ fallsBackSeen: true }, 'rolled_back'],
  // 10.a
  [{ losesSettingsByReset: true }, 'failed not_provisioned'],
  [{ losesSettingsByReset: { regainAfterMs: 1_200 } }, 'verified_config_lost'],
  [{ losesSettingsSilently: true }, 'verified_config_lost'],
  // Whoever is not heard of again.
  [{ goesSilent: true }, 'timed_out'],
  [{ goesSilentBeforeDownload: true }, 'timed_out'],
  // The new version is the evidence, whatever becomes of TransferComplete.
  [{ repeatsTransferComplete: 2 }, 'verified'],
  [{ delaysTransferComplete: 3_000 }, 'verified'],
  [{ neverSendsTransferComplete: true }, 'verified'],
  [{ transferCompleteBeforeReboot: true }, 'verified'],
  [{ transferCompleteInSameSession: true }, 'verified'],
  [{ appliesInSession: true }, 'verified'],
  [{ blanksCommandKey: true }, 'verified'],
  // Clients as they are.
  [{ noCookie: true }, 'verified'],
  [{ connectionPerPost: true }, 'verified'],
  [{ chunkedPosts: true, emptyPostFirst: true }, 'verified'],
  [{ minimalDownloadOnly: true }, 'verified'],
  [{ fullDownloadOnly: true }, 'verified'],
  [{ lacksMethods: ['CancelTransfer', 'GetAllQueuedTransfers', 'ScheduleInform'] }, 'verified'],
  // in_doubt: the session dies before the answer to Download.
  [{ dropsAfterDownload: 'performs' }, 'verified'],
]

/** Use case "upgrade the firmware of a fleet", steps 1 to 10 with 6.a, 8.a and 10.a, on any topology. */
export function useCaseSuite(start: () => Promise<System>): void {
  let system: System
  beforeAll(async () => {
    system = await start()
    await trustVendor(system)
  }, 60_000)
  afterAll(() => system?.remove())

  test('every device of a fleet ends where its own record says, and every guarantee holds', async () => {
    const fleet = await runFleet(system, { count: 40, faults: ORDERED.map(([faults]) => faults) })
    const artifact = await bringInFirmware(system, { version: '2.0.0' })
    expect(artifact).toMatchObject({ status: 'trusted' })
    const { campaignId } = await startCampaign(system, artifact.artifactId)
    const campaign = await waitForState(system, campaignId, ['finished', 'paused', 'aborted'])

    const upgrades = new Map((await upgradesOf(system, campaignId)).map((one) => [one.deviceName, one]))
    const outcomes = fleet.names.map((name, index) => {
      const { state, reason } = upgrades.get(name)!
      return [ORDERED[index]?.[0] ?? {}, state === 'failed' ? `${state} ${reason}` : state]
    })
    const expected = fleet.names.map((_, index) => ORDERED[index] ?? [{}, 'verified'])
    expect(campaign).toMatchObject({ state: 'finished' })
    expect(outcomes).toEqual(expected)
    expect(await judgeHistory(system, [fleet])).toEqual([])
  }, 90_000)
}
