import type { Counters } from '@sluice/rollout'
import type { Queryable } from '@sluice/sql'
import { toWire } from '../campaign/counters.ts'
import type { Decided } from '../campaign/gate-of-wave.ts'
import { OURSELVES, type Parts } from '../parts.ts'
import type { CampaignRow } from '../store/campaigns.ts'
import { type SweepRow, insertSweep } from '../store/sweeps.ts'
import { nextWaiting } from '../store/upgrades.ts'
import { type WaveRow, setHinted, setWaveState } from '../store/waves.ts'
import { hint, placementEvents } from './placements.ts'

export interface Opening {
  readonly actor: string
  readonly reason: string
  readonly counters: Counters
  /** What the gate of the wave before was asked on. */
  readonly decided?: Decided
}

/** Opens a wave: rewrites no upgrade, it only lets claims through, and has its devices hinted page by page. */
export async function openWave(
  parts: Parts,
  tx: Queryable,
  campaign: CampaignRow,
  wave: WaveRow,
  { actor, reason, counters, decided }: Opening,
): Promise<void> {
  const { campaignId } = campaign
  const at = parts.clock.now()
  if (wave.wave > 1) await setWaveState(tx, { campaignId, wave: wave.wave - 1 }, 'passed')
  await setWaveState(tx, wave, 'open', at)
  await hintWave(parts, tx, wave, { reason, actor })
  await parts.journal.append(tx, [
    {
      direction: 'note',
      at,
      actor,
      kind: 'campaign.wave_opened',
      campaignId,
      data: { wave: wave.wave, size: wave.size, reason, counters: toWire(counters), gate: decided },
    },
  ])
}

/** Has those who wait in a wave hinted, page by page. */
export async function hintWave(
  parts: Parts,
  tx: Queryable,
  { campaignId, wave }: Pick<WaveRow, 'campaignId' | 'wave'>,
  how: { readonly reason: string; readonly actor: string; readonly restMs?: number },
): Promise<void> {
  await setHinted(tx, { campaignId, wave }, parts.clock.now())
  await insertSweep(tx, { sweepId: parts.ids.event(), kind: 'hint', campaignId, wave, ...how })
}

/**
 * A device may stay away for longer than gateways remember it (a holiday home), and nobody else would tell them again of
 * who has not come since its wave was opened.
 */
export async function hintAgain(parts: Parts, tx: Queryable, opened: readonly WaveRow[]): Promise<void> {
  const { hintAgainMs, hintAgainRestMs: restMs } = parts.settings
  const due = opened.filter(({ hintedAt }) => hintedAt !== null && hintedAt + hintAgainMs <= parts.clock.now())
  const how = { reason: 'who has not come is not forgotten', actor: OURSELVES, restMs }
  for (const wave of due) await hintWave(parts, tx, wave, how)
}

/** Hints the next page of a wave's devices; answers the last upgrade of the page, undefined when there were no more. */
export async function hintPage(
  parts: Parts,
  tx: Queryable,
  sweep: SweepRow,
  campaign: CampaignRow,
): Promise<string | undefined> {
  if (campaign.state !== 'running' && campaign.state !== 'paused') return undefined
  const { campaignId } = campaign
  const rows = await nextWaiting(tx, campaignId, sweep.wave ?? 1, sweep.afterId, parts.settings.sweepPageSize)
  const hints = rows.map((row) => ({
    campaignId,
    item: hint(row, campaign, row.machine.state === 'retry' ? row.machine.retryAt : null),
  }))
  await parts.journal.append(tx, placementEvents(parts, hints, parts.clock.now()))
  return rows.at(-1)?.upgradeId
}
