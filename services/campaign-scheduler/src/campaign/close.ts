import type { Counters } from '@sluice/rollout'
import type { Queryable } from '@sluice/sql'
import { OURSELVES, type Parts } from '../parts.ts'
import { type CampaignRow, stopJoining } from '../store/campaigns.ts'
import { insertSweep, isBeingClosed } from '../store/sweeps.ts'
import type { TallyRow } from '../store/tallies.ts'
import { type WaveRow, setWaveState, wavesOf } from '../store/waves.ts'
import { countersOf, toWire } from './counters.ts'

export interface Closing {
  readonly actor: string
  readonly reason: string | null
  readonly counters: Counters
  readonly traceparent: string | undefined
}

/**
 * Offers a campaign, which the caller has locked, to nobody else: no wave lets a claim through any more, and what waits is
 * cancelled page by page. Who is under way goes on by its timers, gates judge the harm as before, and when the last one
 * has an outcome the campaign is finished.
 */
export async function closeCampaign(
  parts: Parts,
  tx: Queryable,
  { campaignId }: CampaignRow,
  { actor, reason, counters, traceparent }: Closing,
): Promise<void> {
  const at = parts.clock.now()
  for (const wave of await wavesOf(tx, [campaignId])) await setWaveState(tx, wave, 'stopped')
  await stopJoining(tx, campaignId, at)
  await cancelWaiting(parts, tx, campaignId, { reason: reason ?? `closed by ${actor}`, actor })
  await parts.journal.append(tx, [
    {
      direction: 'note',
      at,
      actor,
      kind: 'campaign.closed',
      campaignId,
      traceparent,
      data: { reason, counters: toWire(counters) },
    },
  ])
}

/** Who was under way at the closing and would try again, or take its next leg, waits in vain: it is cancelled as well. */
export async function cancelStragglers(
  parts: Parts,
  tx: Queryable,
  { campaignId }: CampaignRow,
  waves: readonly WaveRow[],
  tallies: readonly TallyRow[],
): Promise<void> {
  if (!waves.every(({ state }) => state === 'stopped') || countersOf(tallies).pending === 0) return
  if (await isBeingClosed(tx, campaignId)) return
  await cancelWaiting(parts, tx, campaignId, { reason: 'the campaign is closed', actor: OURSELVES })
}

function cancelWaiting(
  { ids }: Parts,
  tx: Queryable,
  campaignId: string,
  why: { readonly reason: string; readonly actor: string },
): Promise<void> {
  return insertSweep(tx, { sweepId: ids.event(), kind: 'close', campaignId, wave: null, ...why })
}
