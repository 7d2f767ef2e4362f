import { advanceCampaign } from './campaign/advance.ts'
import { announceCampaign } from './campaign/announce.ts'
import { askOutside } from './campaign/outside-gate.ts'
import { excuseOutages } from './outage/excuse-outage.ts'
import { asOwner } from './ownership.ts'
import type { Parts } from './parts.ts'
import { campaignsToCheck, campaignsToPlan, setCheckAt } from './store/campaigns.ts'
import { campaignsToJoin } from './store/joining.ts'
import { whatWaits } from './store/what-waits.ts'
import { refreshMedians } from './store/waves.ts'
import { passTime } from './upgrade/due.ts'
import { sweepOnce } from './upgrade/sweep.ts'

const MOST_CHECKS = 100

/**
 * Everything that nobody asks for, one page of each kind in its order: sweeps and gates of our campaigns, timers of all,
 * and news for who listens. True: there may be more of it at once.
 */
export async function tick(parts: Parts, movedCampaigns: Set<string>): Promise<boolean> {
  const more = await guarded(parts, 'scheduler.tick.failed', async () => {
    const waiting = await whatWaits(parts.sql, parts.ownership.replica, parts.clock.now())
    if (waiting.plans) parts.wakePlans()
    if (waiting.outside) parts.wakeOutside()
    if (waiting.outages) await guarded(parts, 'scheduler.excuse.failed', () => excuseOutages(parts).then(() => false))
    // Nobody is called silent, and no wave overdue, while their word may still be on its way to us.
    const isTimeSure = !waiting.outages && !parts.pulse.isHolding()
    const went = [
      waiting.sweeps && (await guarded(parts, 'campaign.sweep.failed', () => sweepOnce(parts))),
      isTimeSure && waiting.timers && (await guarded(parts, 'upgrade.timers.failed', () => passTime(parts))),
      isTimeSure && waiting.gates && (await guarded(parts, 'campaign.gate.failed', () => checkGates(parts))),
    ]
    return went.includes(true)
  })
  const moved = [...movedCampaigns]
  movedCampaigns.clear()
  for (const campaignId of moved) {
    await guarded(parts, 'campaign.news.failed', () => announceCampaign(parts, campaignId))
  }
  return more
}

/** Sees to it that all our plans are under way, and late joiners taken in, beside the ticks: the registry may be slow, and a timer does not wait for it. */
export async function tickPlans(parts: Parts): Promise<boolean> {
  return guarded(parts, 'scheduler.tick.failed', async () => {
    const { replica } = parts.ownership
    const plans = await campaignsToPlan(parts.sql, replica)
    const joins = await campaignsToJoin(parts.sql, replica, parts.clock.now())
    for (const { campaignId } of [...plans, ...joins]) void parts.planner.plan(campaignId)
  })
}

/** Gates outside, beside the ticks as well: whoever is asked may take their time. */
export function tickOutside(parts: Parts): Promise<boolean> {
  return guarded(parts, 'campaign.outside_gate.failed', () => askOutside(parts))
}

/** A gate that fails is looked at later: it does not hold up the others. */
async function checkGates(parts: Parts): Promise<boolean> {
  const due = await campaignsToCheck(parts.sql, parts.ownership.replica, parts.clock.now(), MOST_CHECKS)
  for (const { campaignId } of due) {
    await checkGate(parts, campaignId).catch(async (error: unknown) => {
      parts.log.error({ err: error, campaign_id: campaignId }, 'campaign.gate.failed')
      await setCheckAt(parts.sql, campaignId, parts.clock.now() + parts.settings.gateEveryMs)
    })
  }
  return due.length === MOST_CHECKS
}

async function checkGate(parts: Parts, campaignId: string): Promise<void> {
  await asOwner(parts, campaignId, (tx) => refreshMedians(tx, campaignId).then(() => true))
  await advanceCampaign(parts, campaignId)
}

/** One kind of work that fails does not hold up the others; what it left is taken up with the next tick. */
async function guarded(parts: Parts, event: string, work: () => Promise<boolean | void>): Promise<boolean> {
  try {
    return (await work()) === true
  } catch (error) {
    parts.log.error({ err: error }, event)
    return false
  }
}
