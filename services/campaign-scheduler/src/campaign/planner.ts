import type { Parts } from '../parts.ts'
import { joinLate } from './join-late.ts'
import { planCampaign } from './materialise.ts'

/** Plans campaigns, and takes in who joins late; each by one at a time in this process: whoever asks again waits for it. */
export interface Planner {
  /** Resolves when it is planned, or has to be gone on with later: never throws. */
  plan(campaignId: string): Promise<void>
  /** Resolves when the pages under way are written; plans nothing more. */
  stop(): Promise<void>
}

export function createPlanner(parts: () => Parts): Planner {
  const plans = new Map<string, Promise<void>>()
  let stopped = false

  const run = async (campaignId: string): Promise<void> => {
    try {
      await planCampaign(parts(), campaignId, () => !stopped)
      await joinLate(parts(), campaignId, () => !stopped)
    } catch (error) {
      parts().log.error({ err: error, campaign_id: campaignId }, 'campaign.plan.failed')
    } finally {
      plans.delete(campaignId)
    }
  }
  return {
    plan(campaignId) {
      const under = plans.get(campaignId)
      if (under !== undefined || stopped) return under ?? Promise.resolve()
      // Told of before it begins: it may end at once.
      const plan = Promise.resolve().then(() => run(campaignId))
      plans.set(campaignId, plan)
      return plan
    },
    async stop() {
      stopped = true
      await Promise.all(plans.values())
    },
  }
}
