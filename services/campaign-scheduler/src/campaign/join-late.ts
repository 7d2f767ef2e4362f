import type { Device } from '@sluice/contracts'
import { waveOf } from '@sluice/rollout'
import type { JournalEntry, Queryable } from '@sluice/sql'
import { asOwner } from '../ownership.ts'
import { OURSELVES, type Parts, toTime } from '../parts.ts'
import {
  type CampaignRow,
  askForCheck,
  findCampaign,
  growCampaign,
  linesOf,
  lockCampaigns,
  needApproval,
} from '../store/campaigns.ts'
import { type Joining, findJoining, moveJoining } from '../store/joining.ts'
import { type PlannedUpgrade, insertPlanned } from '../store/plans.ts'
import { countersOfLines } from '../store/releases.ts'
import { addToTallies } from '../store/tallies.ts'
import { lockUpgrades } from '../store/upgrades.ts'
import { type WaveRow, growWave, wavesOf } from '../store/waves.ts'
import { hint, placementEvents } from '../upgrade/placements.ts'
import { asLastHeard } from './as-last-heard.ts'
import { type AskInventory, createInventoryPages } from './inventory-pages.ts'
import { plannedUpgrade } from './planned-upgrade.ts'
import { createSorter } from './sort-out.ts'
import { canaryWaves, rankedWaves } from './waves-by-rank.ts'

const NO_CANARIES: ReadonlyMap<string, number> = new Map()

/** Whether somebody may still join: until then it is not over, though all that are in it are. */
export function mayGrow({ dynamicEndsAt }: Pick<CampaignRow, 'dynamicEndsAt'>, now: number): boolean {
  return dynamicEndsAt !== null && now < dynamicEndsAt
}

/**
 * Takes into a dynamic campaign who has come to fit its targets since the last look, page by page. Each falls into the
 * wave of its rank, never among the canaries, and finds there the pace and the caps of all others.
 */
export async function joinLate(parts: Parts, campaignId: string, mayGoOn: () => boolean): Promise<void> {
  const ask = createInventoryPages(parts)
  while (mayGoOn() && (await joinPage(parts, campaignId, ask)));
}

/** False when the look is over, or has to be gone on with later. */
async function joinPage(parts: Parts, campaignId: string, ask: AskInventory): Promise<boolean> {
  const campaign = await findCampaign(parts.sql, campaignId)
  const joining = await findJoining(parts.sql, campaignId)
  const now = parts.clock.now()
  const { dynamicEveryMs, dynamicOverlapMs } = parts.settings
  if (campaign === undefined || joining === undefined || joining.at > now) return false
  if (!mayGrow(campaign, now)) return endJoining(parts, campaignId, joining)

  const page = await ask({
    filter: campaign.targets,
    changedSince: toTime(joining.since),
    ...(joining.cursor !== null && { cursor: joining.cursor }),
  })
  if (!page.ok) {
    parts.log.warn({ campaign_id: campaignId, error: page.error }, 'campaign.join.waits_for_registry')
    // The same page is asked for when the next look would be due, and not with every tick.
    const later = { ...joining, at: now + dynamicEveryMs }
    await asOwner(parts, campaignId, (tx) => moveJoining(tx, campaignId, joining, later))
    return false
  }
  const { items, next } = page.data
  const lookFrom = joining.from ?? now
  const after: Joining =
    next === null
      ? { at: now + dynamicEveryMs, since: lookFrom - dynamicOverlapMs, from: null, cursor: null }
      : { ...joining, from: lookFrom, cursor: next }
  const joined = await asOwner(parts, campaignId, async (tx) => {
    const [locked] = await lockCampaigns(tx, [campaignId])
    if (!(await moveJoining(tx, campaignId, joining, after)) || locked === undefined) return { n: 0, more: false }
    return { n: await takeIn(parts, tx, locked, items), more: next !== null }
  }).catch((error: unknown) => {
    if (!(error instanceof MoreThanApproved)) throw error
    return waitForApproval(parts, campaignId, joining, error)
  })
  if (joined === undefined) return false
  if (joined.n > 0) {
    parts.wakeRelay()
    parts.campaignMoved(campaignId)
  }
  return joined.more
}

/** Thrown inside a page's transaction to roll it back: who would join makes it larger than it may be without a second person. */
class MoreThanApproved extends Error {
  readonly size: number
  readonly wouldBe: number

  constructor(size: number, wouldBe: number) {
    super(`${wouldBe} devices are more than were approved`)
    this.size = size
    this.wouldBe = wouldBe
  }
}

/** A second person has agreed to a size beyond the limit, or to a campaign that grows beyond it. */
function mayHave({ settings: { approvalAbove } }: Parts, campaign: CampaignRow, size: number): boolean {
  const isApproved = campaign.approvalNeeded.includes('size') && campaign.approvedBy !== null
  return approvalAbove === 0 || size <= approvalAbove || isApproved
}

/** Who is in goes on; who would join is looked at again later, and nobody is left out for good. */
async function waitForApproval(
  parts: Parts,
  campaignId: string,
  joining: Joining,
  { size, wouldBe }: MoreThanApproved,
): Promise<undefined> {
  const at = parts.clock.now()
  const isAsked = await asOwner(parts, campaignId, async (tx) => {
    const [campaign] = await lockCampaigns(tx, [campaignId])
    const later = { ...joining, at: at + parts.settings.dynamicEveryMs }
    if (campaign === undefined || !(await moveJoining(tx, campaignId, joining, later))) return false
    if (campaign.approvalNeeded.includes('size')) return false
    await needApproval(tx, campaign, 'size')
    const data = { neededBecause: 'size', size, wouldBe }
    await parts.journal.append(tx, [
      { direction: 'note', at, actor: OURSELVES, kind: 'campaign.approval_needed', campaignId, data },
    ])
    return true
  })
  if (isAsked === true) {
    parts.log.warn({ campaign_id: campaignId, size: wouldBe }, 'campaign.join.waits_for_approval')
    parts.campaignMoved(campaignId)
  }
}

async function takeIn(parts: Parts, tx: Queryable, campaign: CampaignRow, devices: readonly Device[]): Promise<number> {
  const { campaignId } = campaign
  const at = parts.clock.now()
  const waves = await wavesOf(tx, [campaignId])
  const canaries = devicesIn(waves.slice(0, canaryWaves(campaign.policy.waves)))
  const devicesBefore = devicesIn(waves)
  const ranked = rankedWaves(campaign.policy.waves)
  const sortOut = createSorter(campaign.path, campaign.policy, await countersOfLines(tx, linesOf(campaign.path)))
  const { here } = await asLastHeard(tx, sortOut(devices).planned)
  const wanted = here.map(({ device, leg }): PlannedUpgrade => {
    const place = waveOf(device.deviceKey, campaign.seed, ranked, devicesBefore - canaries + 1)
    const planned = plannedUpgrade(parts, campaign, device, leg, NO_CANARIES)
    return { ...planned, wave: canaryWaves(campaign.policy.waves) + place + 1 }
  })
  const isNew = new Set((await insertPlanned(tx, campaignId, wanted, at)).map(({ upgradeId }) => upgradeId))
  const joined = wanted.filter(({ upgradeId }) => isNew.has(upgradeId))
  if (joined.length === 0) return 0
  const size = devicesBefore + joined.length
  if (!mayHave(parts, campaign, size)) throw new MoreThanApproved(devicesBefore, size)

  await growCampaign(tx, campaignId, joined.length)
  const byWave = [...Map.groupBy(joined, ({ wave }) => wave)].toSorted(([a], [b]) => a - b)
  for (const [wave, own] of byWave) await growWave(tx, campaignId, wave, own.length)
  await addToTallies(
    tx,
    byWave.map(([wave, own]) => ({ campaignId, wave, state: 'pending', countsAs: 'pending', n: own.length })),
  )
  await parts.journal.append(tx, [
    ...joined.map((row) => joinedEntry(campaignId, row, at)),
    ...placementEvents(parts, await hintsFor(tx, campaign, joined, waves), at),
  ])
  return joined.length
}

/** A device that a stepping stone led on has several upgrades, and is one. */
const devicesIn = (waves: readonly WaveRow[]): number =>
  waves.reduce((sum, { size, furtherLegs }) => sum + size - furtherLegs, 0)

function joinedEntry(campaignId: string, { upgradeId, deviceKey, wave }: PlannedUpgrade, at: number): JournalEntry {
  const data = { wave, leg: 1 }
  return {
    direction: 'note',
    at,
    actor: OURSELVES,
    kind: 'upgrade.planned',
    campaignId,
    upgradeId,
    deviceKey,
    data,
  }
}

/** Of those whose wave is open; the others are told with their wave. */
async function hintsFor(
  tx: Queryable,
  campaign: CampaignRow,
  joined: readonly PlannedUpgrade[],
  waves: Awaited<ReturnType<typeof wavesOf>>,
) {
  if (campaign.state !== 'running' && campaign.state !== 'paused') return []
  const open = new Set(waves.filter(({ openedAt }) => openedAt !== null).map(({ wave }) => wave))
  const ids = joined.filter(({ wave }) => open.has(wave)).map(({ upgradeId }) => upgradeId)
  const rows = await lockUpgrades(tx, ids)
  return rows.map((row) => ({ campaignId: campaign.campaignId, item: hint(row, campaign, null) }))
}

/** From now on nobody joins, and it may be over. */
async function endJoining(parts: Parts, campaignId: string, joining: Joining): Promise<false> {
  await asOwner(parts, campaignId, (tx) => moveJoining(tx, campaignId, joining, null))
  await askForCheck(parts.sql, campaignId, parts.clock.now())
  return false
}
