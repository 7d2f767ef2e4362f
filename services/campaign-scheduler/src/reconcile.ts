import { OURSELVES, type Parts } from './parts.ts'
import { inTransaction } from './in-transaction.ts'
import { findCampaign, lockCampaigns, setCheckAt } from './store/campaigns.ts'
import type { TakenRow } from './store/owners.ts'
import { type TallyRow, countUpgrades, replaceTallies, talliesOf } from './store/tallies.ts'

/**
 * Whoever comes after an owner that did not hand over compares the tallies with a fresh count of the upgrades, and
 * looks at the gate. Plans, sweeps, timers and the outbox need nothing: their places are rows, and the loops take them
 * up where they stand.
 */
export async function reconcile(parts: Parts, taken: readonly Pick<TakenRow, 'campaignId'>[]): Promise<void> {
  for (const { campaignId } of taken) {
    const campaign = await findCampaign(parts.sql, campaignId)
    if (campaign?.state !== 'running' && campaign?.state !== 'paused') continue
    await recount(parts, campaignId)
    await setCheckAt(parts.sql, campaignId, parts.clock.now())
  }
}

/** A difference is a bug of ours: it is mended, and said out loud. */
export async function recount(parts: Parts, campaignId: string): Promise<boolean> {
  return inTransaction(parts, async (tx) => {
    await lockCampaigns(tx, [campaignId])
    await tx.query(`lock table scheduler.tallies in share row exclusive mode`)
    const stored = await talliesOf(tx, [campaignId])
    const counted = await countUpgrades(tx, campaignId)
    if (sameTallies(stored, counted)) return true
    parts.log.error({ campaign_id: campaignId }, 'campaign.tallies.differ')
    await replaceTallies(tx, campaignId, counted)
    const at = parts.clock.now()
    const data = { code: 'tallies_differ', stored, counted }
    await parts.journal.append(tx, [
      { direction: 'note', at, actor: OURSELVES, kind: 'alarm.raised', campaignId, data },
    ])
    return false
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
