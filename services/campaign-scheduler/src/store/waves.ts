import { json, type Queryable } from '@sluice/sql'
import type { Harm } from '../campaign/accepted-harm.ts'

export type WaveState = 'closed' | 'open' | 'passed' | 'stopped'

export interface WaveRow {
  readonly campaignId: string
  readonly wave: number
  readonly state: WaveState
  readonly advance: 'auto' | 'manual'
  readonly size: number
  readonly openedAt: number | null
  /** Since when its gate's figures have held. */
  readonly reachedAt: number | null
  readonly approvedAt: number | null
  /** The harm with which an operator resumed, as far as it still stands. */
  readonly accepted: Harm | null
  readonly medianReturnMs: number | null
  readonly gate: string | null
}

const columns = `campaign_id as "campaignId", wave, state, advance, size, opened_at as "openedAt",
  reached_at as "reachedAt", approved_at as "approvedAt", accepted, median_return_ms as "medianReturnMs", gate`

export async function insertWaves(tx: Queryable, campaignId: string, advances: readonly string[]): Promise<void> {
  await tx.query(
    `insert into scheduler.waves (campaign_id, wave, state, advance)
     select $1, ordinality, 'closed', advance from unnest($2::text[]) with ordinality as t(advance, ordinality)`,
    [campaignId, advances],
  )
}

export function wavesOf(db: Queryable, campaignIds: readonly string[]): Promise<WaveRow[]> {
  return db.query<WaveRow>(
    `select ${columns} from scheduler.waves where campaign_id = any($1) order by campaign_id, wave`,
    [campaignIds],
  )
}

export async function growWave(tx: Queryable, campaignId: string, wave: number, by: number): Promise<void> {
  await tx.query(`update scheduler.waves set size = size + $3 where campaign_id = $1 and wave = $2`, [
    campaignId,
    wave,
    by,
  ])
}

export async function setWaveState(
  tx: Queryable,
  wave: Pick<WaveRow, 'campaignId' | 'wave'>,
  state: WaveState,
  openedAt: number | null = null,
): Promise<void> {
  await tx.query(
    `update scheduler.waves set state = $3, opened_at = coalesce(opened_at, $4) where campaign_id = $1 and wave = $2`,
    [wave.campaignId, wave.wave, state, openedAt],
  )
}

/** What its gate said last. */
export async function setGate(tx: Queryable, wave: WaveRow, gate: string, reachedAt: number | null): Promise<void> {
  if (wave.gate === gate && wave.reachedAt === reachedAt) return
  await tx.query(`update scheduler.waves set gate = $3, reached_at = $4 where campaign_id = $1 and wave = $2`, [
    wave.campaignId,
    wave.wave,
    gate,
    reachedAt,
  ])
}

export async function approveWave(tx: Queryable, wave: WaveRow, at: number): Promise<void> {
  await tx.query(`update scheduler.waves set approved_at = $3 where campaign_id = $1 and wave = $2`, [
    wave.campaignId,
    wave.wave,
    at,
  ])
}

export async function acceptHarm(tx: Queryable, wave: WaveRow, harm: Harm): Promise<void> {
  await tx.query(`update scheduler.waves set accepted = $3 where campaign_id = $1 and wave = $2`, [
    wave.campaignId,
    wave.wave,
    json(harm),
  ])
}

/** How long devices of this wave take to come back, by the middle one; looked at now and then, it is not cheap. */
export async function refreshMedians(db: Queryable, campaignId: string): Promise<void> {
  await db.query(
    `update scheduler.waves w set median_return_ms = m.median
     from (select wave, percentile_disc(0.5) within group (order by returned_ms) as median from scheduler.upgrades
           where campaign_id = $1 and returned_ms is not null group by wave) m
     where w.campaign_id = $1 and w.wave = m.wave and w.median_return_ms is distinct from m.median`,
    [campaignId],
  )
}

export async function countOverdue(tx: Queryable, wave: WaveRow, since: number): Promise<number> {
  const [row] = await tx.query<{ n: number }>(
    `select count(*) as n from scheduler.upgrades where campaign_id = $1 and wave = $2 and state = 'returning' and returning_at < $3`,
    [wave.campaignId, wave.wave, since],
  )
  return row?.n ?? 0
}
