import type { Device } from '@sluice/contracts'
import { asOwner } from '../ownership.ts'
import { OURSELVES, type Parts, toTime } from '../parts.ts'
import {
  type CampaignRow,
  type PlannedLeg,
  advancePlan,
  findCampaign,
  linesOf,
  lockCampaigns,
  moveCampaign,
  needApproval,
  setWaveBounds,
} from '../store/campaigns.ts'
import { countRanks, insertPlanned, ranksWith, settleWaves } from '../store/plans.ts'
import { countersOfLines } from '../store/releases.ts'
import { moveJoining } from '../store/joining.ts'
import { addToTallies, countUpgrades } from '../store/tallies.ts'
import { growWave, wavesOf } from '../store/waves.ts'
import { announceCampaign } from './announce.ts'
import { asLastHeard } from './as-last-heard.ts'
import { createDevicePages } from './device-pages.ts'
import { gatherRollback } from './gather-rollback.ts'
import { plannedUpgrade } from './planned-upgrade.ts'
import { type LeftOut, canariesOf, countLeftOut, createSorter } from './sort-out.ts'
import { NO_RANK, canaryWaves, locatePlaces, wavePlaces } from './waves-by-rank.ts'

/** Devices that a campaign is for, each with its leg, in the order of their keys; and those that are left out. */
export interface PlanPage {
  readonly planned: readonly { readonly device: PlannableDevice; readonly leg: PlannedLeg }[]
  readonly leftOut: LeftOut
  readonly next: string | null
}

/** What an upgrade keeps of its device; the inventory knows since when it is there. */
export interface PlannableDevice
  extends
    Pick<
      Device,
      'deviceKey' | 'name' | 'oui' | 'productClass' | 'hardwareVersion' | 'softwareVersion' | 'site' | 'zone'
    >,
    Partial<Pick<Device, 'firstSeenAt'>> {}

/**
 * Writes a campaign's upgrades, page by page, each page one transaction that also moves the campaign's place in the
 * inventory: killed anywhere, it goes on where it stood. The campaign's owner alone plans it. Each upgrade is written
 * once, in the wave it most likely belongs to; when all are there, those few that do not are moved.
 */
export async function planCampaign(parts: Parts, campaignId: string, mayGoOn: () => boolean): Promise<void> {
  const campaign = await findCampaign(parts.sql, campaignId)
  if (campaign === undefined || campaign.state !== 'planning') return
  if (campaign.planStage === 'gathering' && !(await gather(parts, campaign, mayGoOn))) return
  while (mayGoOn() && (await rankPage(parts, campaignId)));
}

/** False when it has to be gone on with later: the registry does not answer, or the plan is not ours any more. */
async function gather(parts: Parts, campaign: CampaignRow, mayGoOn: () => boolean): Promise<boolean> {
  const { rollbackOf } = campaign
  const read =
    rollbackOf === null
      ? createPageReader(parts, campaign)
      : (cursor: string | null) => gatherRollback(parts, campaign, rollbackOf, cursor)
  let cursor = campaign.planCursor
  let asked = read(cursor)
  while (mayGoOn()) {
    const page = await asked
    if (page === undefined) return false
    // The next page is read while this one is written; what goes wrong with it is heard when it is awaited.
    if (page.next !== null) asked = read(page.next)
    asked.catch(() => undefined)
    if (!(await writePage(parts, { ...campaign, planCursor: cursor }, page))) return false
    if (page.next === null) return true
    cursor = page.next
  }
  return false
}

/** Pages of the devices it is for, with the leg of each. */
function createPageReader(
  parts: Parts,
  { campaignId, targets, retryOf, path, policy }: CampaignRow,
): (cursor: string | null) => Promise<PlanPage | undefined> {
  const read = createDevicePages(parts, targets, retryOf)
  let sorter: ReturnType<typeof createSorter> | undefined
  const canaries = canariesOf(policy)
  return async (cursor) => {
    const page = await read(cursor)
    if (page.ok) {
      sorter ??= createSorter(path, policy, await countersOfLines(parts.sql, linesOf(path)))
      const { planned, leftOut } = sorter(page.data.items)
      return { planned, leftOut: countLeftOut(leftOut, canaries), next: page.data.next }
    }
    parts.log.warn({ campaign_id: campaignId, error: page.error }, 'campaign.plan.waits_for_registry')
    return undefined
  }
}

async function writePage(parts: Parts, campaign: CampaignRow, page: PlanPage): Promise<boolean> {
  const { campaignId } = campaign
  const canaries = canariesOf(campaign.policy)
  const written = await asOwner(parts, campaignId, async (tx) => {
    await lockCampaigns(tx, [campaignId])
    const { here, gone } = await asLastHeard(tx, page.planned)
    const upgrades = here.map(({ device, leg }) => plannedUpgrade(parts, campaign, device, leg, canaries))
    const added = await insertPlanned(tx, campaignId, upgrades, parts.clock.now())
    const left = countLeftOut(
      gone.map(({ device }) => ({ device, reason: 'device_gone' })),
      canaries,
    )
    const stage = page.next === null ? 'ranking' : 'gathering'
    const leftOut = { ...page.leftOut, ...left }
    const step = { stage, cursor: page.next, leftOut, added: added.length } as const
    if (!(await advancePlan(tx, campaign, step))) throw new PlannedElsewhere()
    return true
  }).catch((error: unknown) => {
    if (error instanceof PlannedElsewhere) return false
    throw error
  })
  return written === true
}

/** Thrown inside a page's transaction to roll it back: the plan has moved, or was aborted. */
class PlannedElsewhere extends Error {}

/** Puts the next upgrades into their waves; false when there is nothing more to do, or not by us. */
async function rankPage(parts: Parts, campaignId: string): Promise<boolean> {
  const done = await asOwner(parts, campaignId, async (tx) => {
    const [campaign] = await lockCampaigns(tx, [campaignId])
    if (campaign?.state !== 'planning' || campaign.planStage !== 'ranking') return 'stopped'
    const bounds = campaign.waveBounds ?? (await findBounds(tx, campaign))
    const firstWave = canaryWaves(campaign.policy.waves) + 1
    const page = await settleWaves(
      tx,
      campaignId,
      { firstWave, bounds },
      campaign.planCursor,
      parts.settings.rankPageSize,
    )
    if (page === null) return endPlan(parts, tx, campaign)
    for (const { wave, n } of page.waves) await growWave(tx, campaignId, wave, n)
    await advancePlan(tx, campaign, { stage: 'ranking', cursor: page.lastId, added: 0, leftOut: {} })
    return 'more'
  })
  if (done === 'ended') await announceCampaign(parts, campaignId)
  return done === 'more'
}

type Transaction = Parameters<typeof lockCampaigns>[0]

/** With which rank each wave begins. Counts by how ranks begin are few, and so are the ranks of the groups that count. */
async function findBounds(tx: Transaction, { campaignId, policy, size }: CampaignRow): Promise<readonly string[]> {
  const { prefixes, canaries } = await countRanks(tx, campaignId)
  const places = wavePlaces(policy.waves, size, new Map(canaries.map(({ wave, n }) => [wave, n])))
  const located = locatePlaces(prefixes, places)
  const ranks = await ranksWith(tx, campaignId, [...new Set(located.flatMap((one) => one?.prefix ?? []))])
  const groups = Map.groupBy(ranks, (rank) => prefixes.find(({ prefix }) => rank.startsWith(prefix))?.prefix)
  const bounds = located.map((one) => (one === null ? NO_RANK : groups.get(one.prefix)![one.offset]!))
  await setWaveBounds(tx, campaignId, bounds)
  return bounds
}

/** All are in their waves: counters begin, and the campaign is ready. */
async function endPlan(parts: Parts, tx: Transaction, campaign: CampaignRow): Promise<'ended'> {
  const { campaignId, size, policy } = campaign
  const at = parts.clock.now()
  const waves = await wavesOf(tx, [campaignId])
  // Counted: who was removed while the plan was made has moved already, and nothing was told of it.
  await addToTallies(tx, await countUpgrades(tx, campaignId))
  const missing = missingCanaries(policy, waves)
  const leftOutBy = { ...campaign.leftOutBy, ...(missing > 0 && { canary_not_targeted: missing }) }
  await advancePlan(tx, campaign, {
    stage: 'planned',
    cursor: null,
    added: 0,
    leftOut: missing > 0 ? { canary_not_targeted: missing } : {},
  })
  const { approvalAbove } = parts.settings
  const isLarge = approvalAbove > 0 && size > approvalAbove
  if (isLarge) await needApproval(tx, campaign, 'size')
  await moveCampaign(tx, campaign, { state: 'ready', reason: null, at })
  if (campaign.dynamicEndsAt !== null) {
    // What changed while the plan was made may have been missed by it.
    const { dynamicEveryMs, dynamicOverlapMs } = parts.settings
    const since = campaign.createdAt - dynamicOverlapMs
    await moveJoining(tx, campaignId, null, { at: at + dynamicEveryMs, since, from: null, cursor: null })
  }
  await parts.journal.append(tx, [
    {
      direction: 'note',
      at,
      actor: OURSELVES,
      kind: 'campaign.planned',
      campaignId,
      data: {
        size,
        leftOut: campaign.leftOut + missing,
        leftOutBy,
        waves: waves.map((wave) => ({ wave: wave.wave, size: wave.size })),
        ...(isLarge ? { approvalNeeded: [...campaign.approvalNeeded, 'size'] } : {}),
        at: toTime(at),
      },
    },
  ])
  return 'ended'
}

function missingCanaries(policy: CampaignRow['policy'], waves: readonly { wave: number; size: number }[]): number {
  const found = waves.slice(0, canaryWaves(policy.waves)).reduce((sum, { size }) => sum + size, 0)
  return canariesOf(policy).size - found
}
