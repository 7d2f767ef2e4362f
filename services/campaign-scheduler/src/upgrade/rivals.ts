import type { KnownCounters } from '@sluice/rollout'
import type { Queryable } from '@sluice/sql'
import { type CampaignRow, findCampaigns } from '../store/campaigns.ts'
import { type RivalUpgrade, type UpgradeRow, waitingElsewhere } from '../store/upgrades.ts'
import type { Claim } from './claim.ts'
import { needsConfirmation } from './delivery.ts'
import { legAtClaim } from './leg-at-claim.ts'
import { type WordOfDevices, isBlocked, schedulesNot } from './lessons.ts'

/** An upgrade that waits for a device in a heavier campaign. */
export interface Rival {
  readonly upgrade: RivalUpgrade
  readonly campaign: CampaignRow
}

/** Those of these upgrades' devices, in waves that are open. */
export async function readRivals(
  tx: Queryable,
  rows: readonly Pick<UpgradeRow, 'deviceKey' | 'campaignId'>[],
  campaigns: readonly CampaignRow[],
): Promise<Rival[]> {
  const weights = new Map(campaigns.map(({ campaignId, policy }) => [campaignId, policy.weight]))
  const lightest = new Map<string, number>()
  for (const { deviceKey, campaignId } of rows) {
    lightest.set(deviceKey, Math.min(lightest.get(deviceKey) ?? Infinity, weights.get(campaignId) ?? Infinity))
  }
  const waiting = await waitingElsewhere(tx, [...lightest.keys()])
  const heavier = waiting.filter(({ deviceKey, weight }) => weight > lightest.get(deviceKey)!)
  if (heavier.length === 0) return []
  const found = await findCampaigns(tx, [...new Set(heavier.map(({ campaignId }) => campaignId))])
  const byId = new Map(found.map((campaign) => [campaign.campaignId, campaign]))
  return heavier.flatMap((upgrade): Rival[] => {
    const campaign = byId.get(upgrade.campaignId)
    return campaign === undefined ? [] : [{ upgrade, campaign }]
  })
}

/**
 * Whether a rival would ever offer something to the device as it reports itself now. One that will skip it takes it from
 * nobody: else it is left as it is by both, for good.
 */
export function mayTake(
  { upgrade, campaign }: Rival,
  claim: Claim,
  word: WordOfDevices,
  counters: KnownCounters,
): boolean {
  if (legAtClaim(upgrade, campaign, claim, counters).kind === 'none') return false
  return !isBlocked(word, upgrade) && !cannotAsk(campaign, upgrade, claim, word)
}

/** Its subscriber has to agree, and it is known to have no way to be asked. */
function cannotAsk(
  { policy }: CampaignRow,
  upgrade: RivalUpgrade,
  { takesScheduleDownload }: Claim,
  word: WordOfDevices,
): boolean {
  if (!needsConfirmation(policy) || takesScheduleDownload === undefined) return false
  return !takesScheduleDownload || schedulesNot(word, upgrade)
}
