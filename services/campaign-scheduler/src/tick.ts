import { advanceCampaign } from './campaign/advance.ts'
import { announceCampaign } from './campaign/announce.ts'
import { planPage } from './campaign/materialise.ts'
import { excuseOutages } from './outage/excuse-outage.ts'
import type { Parts } from './parts.ts'
import { campaignsToCheck, campaignsToPlan, setCheckAt } from './store/campaigns.ts'
import { whatWaits } from './store/what-waits.ts'
import { refreshMedians } from './store/waves.ts'
import { passTime } from './upgrade/due.ts'
import { sweepOnce } from './upgrade/sweep.ts'

const MOST_CHECKS = 100

/**
 * Everything that nobody asks for, one page of each kind in its order: sweeps, timers, gates, and news for who
 * listens. True: there may be more of it at once.
 */
export async function tick(parts: Parts, movedCampaigns: Set<string>): Promise<boolean> {
  const more = await guarded(parts, 'scheduler.tick.failed', async () => {
    const waiting = await whatWaits(parts.sql, parts.clock.now())
    if (waiting.plans) parts.wakePlans()
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

/** One page of each plan, beside the ticks: the registry may be slow, and a timer does not wait for it. */
export async function tickPlans(parts: Parts): Promise<boolean> {
  return guarded(parts, 'scheduler.tick.failed', async () => {
    let more = false
    for (const { campaignId } of await campaignsToPlan(parts.sql)) {
      const went = await guarded(parts, 'campaign.plan.failed', () => planPage(parts, campaignId))
      more ||= went
    }
    return more
  })
}

/** A gate that fails is looked at later: it does not hold up the others. */
async function checkGates(parts: Parts): Promise<boolean> {
  const due = await campaignsToCheck(parts.sql, parts.clock.now(), MOST_CHECKS)
  for (const { campaignId } of due) {
    await checkGate(parts, campaignId).catch(async (error: unknown) => {
      parts.log.error({ err: error, campaign_id: campaignId }, 'campaign.gate.failed')
      await setCheckAt(parts.sql, campaignId, parts.clock.now() + parts.settings.gateEveryMs)
    })
  }
  return due.length === MOST_CHECKS
}

async function checkGate(parts: Parts, campaignId: string): Promise<void> {
  await refreshMedians(parts.sql, campaignId)
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
