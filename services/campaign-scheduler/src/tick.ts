import { advanceCampaign } from './campaign/advance.ts'
import { announceCampaign } from './campaign/announce.ts'
import { planCampaign } from './campaign/materialise.ts'
import type { Parts } from './parts.ts'
import { campaignsToCheck, campaignsToPlan } from './store/campaigns.ts'
import { whatWaits } from './store/what-waits.ts'
import { refreshMedians } from './store/waves.ts'
import { passTime } from './upgrade/due.ts'
import { sweepOnce } from './upgrade/sweep.ts'

const MOST_CHECKS = 100

/** Everything that nobody asks for, in its order: plans, sweeps, timers, gates, and news for who listens. */
export async function tick(parts: Parts, movedCampaigns: Set<string>): Promise<void> {
  await guarded(parts, 'scheduler.tick.failed', async () => {
    const waiting = await whatWaits(parts.sql, parts.clock.now())
    if (waiting.plans) await guarded(parts, 'campaign.plan.failed', () => planAll(parts))
    if (waiting.sweeps) await guarded(parts, 'campaign.sweep.failed', () => whileTrue(() => sweepOnce(parts)))
    if (waiting.timers) await guarded(parts, 'upgrade.timers.failed', () => whileTrue(() => passTime(parts)))
    if (waiting.gates) await guarded(parts, 'campaign.gate.failed', () => checkGates(parts))
  })
  await guarded(parts, 'campaign.news.failed', async () => {
    const moved = [...movedCampaigns]
    movedCampaigns.clear()
    for (const campaignId of moved) await announceCampaign(parts, campaignId)
  })
}

async function planAll(parts: Parts): Promise<void> {
  for (const { campaignId } of await campaignsToPlan(parts.sql)) await planCampaign(parts, campaignId)
}

async function checkGates(parts: Parts): Promise<void> {
  for (const { campaignId } of await campaignsToCheck(parts.sql, parts.clock.now(), MOST_CHECKS)) {
    await refreshMedians(parts.sql, campaignId)
    await advanceCampaign(parts, campaignId)
  }
}

async function whileTrue(work: () => Promise<boolean>): Promise<void> {
  while (await work());
}

/** One kind of work that fails does not hold up the others; what it left is taken up with the next tick. */
async function guarded(parts: Parts, event: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    parts.log.error({ err: error }, event)
  }
}
