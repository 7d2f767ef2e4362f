import { OURSELVES, type Parts } from './parts.ts'
import { inTransaction } from './in-transaction.ts'
import { findCampaign, lockCampaigns, setCheckAt } from './store/campaigns.ts'
import { type TallyRow, countUpgrades, replaceTallies, talliesDiffer, talliesOf } from './store/tallies.ts'

/**
 * Whoever comes after an owner that did not hand over compares the tallies with a fresh count of the upgrades, and
 * looks at the gate. Plans, sweeps, timers and the outbox need nothing: their places are rows, and the loops take them
 * up where they stand. A count that fails is left: it looks for what should never be.
 */
export async function reconcile(parts: Parts, campaignId: string): Promise<void> {
  try {
    const campaign = await findCampaign(parts.sql, campaignId)
    if (campaign?.state !== 'running' && campaign?.state !== 'paused') return
    await setCheckAt(parts.sql, campaignId, parts.clock.now())
    if (await talliesDiffer(parts.sql, campaignId)) await mend(parts, campaignId)
  } catch (error) {
    parts.log.error({ err: error, campaign_id: campaignId }, 'campaign.reconcile.failed')
  }
}

/** A difference is a bug of ours: it is said out loud, and worth that everybody waits while it is counted again. */
async function mend(parts: Parts, campaignId: string): Promise<void> {
  await inTransaction(parts, async (tx) => {
    await lockCampaigns(tx, [campaignId])
    await tx.query(`lock table scheduler.tallies in share row exclusive mode`)
    const stored = await talliesOf(tx, [campaignId])
    const counted = await countUpgrades(tx, campaignId)
    if (sameTallies(stored, counted)) return
    parts.log.error({ campaign_id: campaignId }, 'campaign.tallies.differ')
    await replaceTallies(tx, campaignId, counted)
    const at = parts.clock.now()
    const data = { code: 'tallies_differ', stored, counted }
    await parts.journal.append(tx, [
      { direction: 'note', at, actor: OURSELVES, kind: 'alarm.raised', campaignId, data },
    ])
  })
}

function sameTallies(stored: readonly TallyRow[], counted: readonly TallyRow[]): boolean {
  const text = (rows: readonly TallyRow[]) =>
    rows
      .map(({ wave, state, countsAs, n }) => `${wave} ${state} ${countsAs} ${n}`)
      .toSorted()
      .join('\n')
  return text(stored) === text(counted)
}
