import { rankHash } from '@sluice/rollout'
import type { Parts } from '../parts.ts'
import type { CampaignRow, PlannedLeg } from '../store/campaigns.ts'
import type { PlannedUpgrade } from '../store/plans.ts'
import type { PlannableDevice } from './materialise.ts'
import { likelyWave } from './waves-by-rank.ts'

/** A device in a campaign, in the wave it most likely belongs to; a canary in its own. */
export function plannedUpgrade(
  parts: Pick<Parts, 'ids'>,
  { seed, policy }: Pick<CampaignRow, 'seed' | 'policy'>,
  device: PlannableDevice,
  leg: PlannedLeg,
  canaries: ReadonlyMap<string, number>,
): PlannedUpgrade {
  const canaryWave = canaries.get(device.name)
  const rank = canaryWave === undefined ? rankHash(device.deviceKey, seed) : ''
  return {
    upgradeId: parts.ids.upgrade(),
    deviceKey: device.deviceKey,
    deviceName: device.name,
    oui: device.oui,
    productClass: device.productClass,
    hardwareVersion: device.hardwareVersion,
    reportedVersion: device.softwareVersion,
    site: device.site,
    zone: device.zone,
    artifactId: leg.artifactId,
    rank,
    wave: canaryWave ?? likelyWave(rank, policy.waves),
  }
}
