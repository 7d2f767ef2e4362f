import type { Counters } from '@sluice/rollout'
import type { Queryable } from '@sluice/sql'
import { type Parts, toTime } from '../parts.ts'
import { type CampaignRow, advancePlan } from '../store/campaigns.ts'
import { addToTallies, countUpgrades } from '../store/tallies.ts'
import { growWave, wavesOf } from '../store/waves.ts'
import { countersOf } from './counters.ts'

/**
 * A campaign that ends while it is planned, locked by the caller: whom it has by then is its plan, in the waves where
 * they stand. From here on they are counted like any others, and leave it by moves. Answers the counters.
 */
export async function breakOffPlan(
  parts: Pick<Parts, 'clock' | 'journal'>,
  tx: Queryable,
  campaign: CampaignRow,
  actor: string,
): Promise<Counters> {
  const { campaignId, size, leftOut, leftOutBy } = campaign
  const at = parts.clock.now()
  const counted = await countUpgrades(tx, campaignId)
  const waves = []
  for (const { wave, size: settled } of await wavesOf(tx, [campaignId])) {
    const there = counted.filter((tally) => tally.wave === wave).reduce((sum, { n }) => sum + n, 0)
    await growWave(tx, campaignId, wave, there - settled)
    waves.push({ wave, size: there })
  }
  await addToTallies(tx, counted)
  await advancePlan(tx, campaign, { stage: 'planned', cursor: null, added: 0, leftOut: {} })
  const data = { size, leftOut, leftOutBy, waves, brokenOff: true, at: toTime(at) }
  await parts.journal.append(tx, [{ direction: 'note', at, actor, kind: 'campaign.planned', campaignId, data }])
  return countersOf(counted)
}
