import { type Device, deviceList } from '@sluice/contracts'
import { inTransaction } from '../in-transaction.ts'
import { planUpgrade, rankHash, waveSizes } from '@sluice/rollout'
import { type Parts, OURSELVES, toTime } from '../parts.ts'
import {
  type CampaignRow,
  advancePlan,
  findCampaign,
  lockCampaigns,
  moveCampaign,
  setRanked,
} from '../store/campaigns.ts'
import { addToTallies } from '../store/tallies.ts'
import { type NewUpgrade, insertUpgrades, nextToRank, setWave } from '../store/upgrades.ts'
import { growWave, wavesOf } from '../store/waves.ts'
import { announceCampaign } from './announce.ts'
import { fitsModel } from './fits-model.ts'

/**
 * Writes a campaign's upgrades, page by page, each page one transaction that also moves the campaign's place in
 * the inventory: killed anywhere, it goes on where it stood. Two replicas at one plan are harmless: the slower
 * one's page is rolled back.
 */
export async function planCampaign(parts: Parts, campaignId: string): Promise<void> {
  while (await planPage(parts, campaignId));
}

/** One page of the plan; false when there is nothing more to do, or not now. */
export async function planPage(parts: Parts, campaignId: string): Promise<boolean> {
  const campaign = await findCampaign(parts.sql, campaignId)
  if (campaign === undefined || campaign.state !== 'planning') return false
  return campaign.planStage === 'gathering' ? gatherPage(parts, campaign) : rankPage(parts, campaign)
}

/** One page of the inventory, by us or by a faster replica; false when the registry does not answer. */
async function gatherPage(parts: Parts, campaign: CampaignRow): Promise<boolean> {
  const page = await parts.bus.request(deviceList, {
    filter: campaign.targets,
    limit: parts.settings.planPageSize,
    ...(campaign.planCursor === null ? {} : { cursor: campaign.planCursor }),
  })
  if (!page.ok) {
    parts.log.warn({ campaign_id: campaign.campaignId, error: page.error }, 'campaign.plan.waits_for_registry')
    return false
  }
  const fitting = page.data.items.filter((device) => fitsModel(campaign.artifact.fits, device))
  const at = parts.clock.now()
  const upgrades = fitting.map((device) => plannedUpgrade(parts, campaign, device, at))
  const next = page.data.next
  return inTransaction(parts, async (tx) => {
    const added = await insertUpgrades(tx, upgrades)
    const leftOut = page.data.items.length - fitting.length
    const stage = next === null ? 'ranking' : 'gathering'
    const mine = await advancePlan(tx, campaign, { stage, cursor: next, added, leftOut })
    if (!mine) throw new FasterReplica()
    return true
  }).catch(passOverFaster)
}

function plannedUpgrade(parts: Parts, campaign: CampaignRow, device: Device, at: number): NewUpgrade {
  const upgradeId = parts.ids.upgrade()
  const { campaignId, artifact } = campaign
  const { deviceKey } = device
  return {
    upgradeId,
    campaignId,
    deviceKey,
    deviceName: device.name,
    oui: device.oui,
    productClass: device.productClass,
    hardwareVersion: device.hardwareVersion,
    rank: rankHash(deviceKey, campaign.seed),
    state: 'pending',
    countsAs: 'pending',
    machine: planUpgrade({
      upgradeId,
      campaignId,
      deviceKey,
      targetVersions: artifact.softwareVersions,
      imageBytes: artifact.size,
      hosting: artifact.hosting === 'file_server' ? 'ours' : 'operator',
    }),
    reportedVersion: device.softwareVersion,
    updatedAt: at,
  }
}

/** Sets the waves of the next upgrades in the order of rank; the last page makes the campaign ready. */
async function rankPage(parts: Parts, seen: CampaignRow): Promise<boolean> {
  const { campaignId } = seen
  const ready = await inTransaction(parts, async (tx) => {
    const [campaign] = await lockCampaigns(tx, [campaignId])
    if (campaign?.state !== 'planning') return false
    const page = await nextToRank(tx, campaignId, parts.settings.planPageSize)
    const sizes = waveSizes(campaign.size, campaign.policy.waves)
    for (const { wave, from, to } of shareOut(sizes, campaign.ranked, page.length)) {
      await setWave(
        tx,
        page.slice(from, to).map((row) => row.upgradeId),
        wave,
      )
      await growWave(tx, campaignId, wave, to - from)
      await addToTallies(tx, [{ campaignId, wave, state: 'pending', countsAs: 'pending', n: to - from }])
    }
    await setRanked(tx, campaignId, campaign.ranked + page.length)
    if (page.length === parts.settings.planPageSize) return false

    const at = parts.clock.now()
    await advancePlan(tx, campaign, { stage: 'planned', cursor: null, added: 0, leftOut: 0 })
    await moveCampaign(tx, campaign, { state: 'ready', reason: null, at })
    const waves = await wavesOf(tx, [campaignId])
    await parts.journal.append(tx, [
      {
        direction: 'note',
        at,
        actor: OURSELVES,
        kind: 'campaign.planned',
        campaignId,
        data: {
          size: campaign.size,
          leftOut: campaign.leftOut,
          leftOutBecause: 'model_does_not_fit',
          waves: waves.map(({ wave, size }) => ({ wave, size })),
          at: toTime(at),
        },
      },
    ])
    return true
  })
  if (ready) await announceCampaign(parts, campaignId)
  return !ready && (await findCampaign(parts.sql, campaignId))?.state === 'planning'
}

/** Which part of a page of `count` ranks, the first of them being `ranked`, falls into which wave. */
export function shareOut(
  sizes: readonly number[],
  ranked: number,
  count: number,
): { readonly wave: number; readonly from: number; readonly to: number }[] {
  const shares: { wave: number; from: number; to: number }[] = []
  let start = 0
  sizes.forEach((size, index) => {
    const isLast = index === sizes.length - 1
    const from = Math.max(0, start - ranked)
    const to = isLast ? count : Math.min(count, start + size - ranked)
    if (to > from) shares.push({ wave: index + 1, from, to })
    start += size
  })
  return shares
}

/** Thrown inside a page's transaction to roll it back. */
class FasterReplica extends Error {}

function passOverFaster(error: unknown): boolean {
  if (error instanceof FasterReplica) return true
  throw error
}
