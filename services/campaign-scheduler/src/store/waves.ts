import { json, type Queryable } from '@sluice/sql'
import type { Harm } from '../campaign/accepted-harm.ts'

export type WaveState = 'closed' | 'open' | 'passed' | 'stopped'

export interface WaveRow {
  readonly campaignId: string
  readonly wave: number
  readonly state: WaveState
  readonly size: number
  /** Of them those that follow on a stepping stone; all others are devices. */
  readonly furtherLegs: number
  readonly openedAt: number | null
  /** When its devices were last told that they may claim. */
  readonly hintedAt: number | null
  /** Since when its gate's figures have held. */
  readonly reachedAt: number | null
  readonly approvedAt: number | null
  /** The harm with which an operator resumed, as far as it still stands. */
  readonly accepted: Harm | null
  readonly medianReturnMs: number | null
  readonly gate: string | null
  /** When somebody outside is asked next whether the next wave may open; null: nobody is. */
  readonly askOutsideAt: number | null
  readonly outside: HeardOutside | null
}

/** What somebody outside said last, and how often in a row that was nothing. */
export interface HeardOutside {
  readonly at: number
  readonly said: 'go' | 'wait' | 'stop' | 'nothing'
  readonly why: string | null
  readonly failures: number
}

const columns = `campaign_id as "campaignId", wave, state, size, further_legs as "furtherLegs", opened_at as "openedAt",
  coalesce(hinted_at, opened_at) as "hintedAt",
  reached_at as "reachedAt", approved_at as "approvedAt", accepted, median_return_ms as "medianReturnMs", gate,
  ask_outside_at as "askOutsideAt", external_answer as outside`

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

/** By upgrades of devices that are in it already. */
export async function growByLegs(tx: Queryable, campaignId: string, wave: number, by: number): Promise<void> {
  await tx.query(
    `update scheduler.waves set size = size + $3, further_legs = further_legs + $3 where campaign_id = $1 and wave = $2`,
    [campaignId, wave, by],
  )
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

export async function setHinted(tx: Queryable, wave: Pick<WaveRow, 'campaignId' | 'wave'>, at: number): Promise<void> {
  await tx.query(`update scheduler.waves set hinted_at = $3 where campaign_id = $1 and wave = $2`, [
    wave.campaignId,
    wave.wave,
    at,
  ])
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

/** What was approved before is approved no longer. */
export async function withdrawApproval(tx: Queryable, { campaignId, wave }: WaveRow): Promise<void> {
  await tx.query(`update scheduler.waves set approved_at = null where campaign_id = $1 and wave = $2`, [
    campaignId,
    wave,
  ])
}

export async function acceptHarm(tx: Queryable, wave: WaveRow, harm: Harm): Promise<void> {
  await tx.query(`update scheduler.waves set accepted = $3 where campaign_id = $1 and wave = $2`, [
    wave.campaignId,
    wave.wave,
    json(harm),
  ])
}

/** How long the middle device of each wave takes to come back, within 5 %: from its classes, not from its devices. */
export async function refreshMedians(db: Queryable, campaignId: string): Promise<void> {
  await db.query(
    `update scheduler.waves w set median_return_ms = m.median
     from (select distinct on (wave) wave, power(2::float8, (class + 0.5) / 8)::bigint as median
           from (select wave, class, sum(n) over (partition by wave order by class) as up_to, sum(n) over (partition by wave) as all_of
                 from scheduler.return_times where campaign_id = $1 and n > 0) r
           where up_to * 2 >= all_of order by wave, class) m
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

export async function setOutside(
  tx: Queryable,
  wave: Pick<WaveRow, 'campaignId' | 'wave'>,
  askAt: number | null,
  heard: HeardOutside | null,
): Promise<void> {
  await tx.query(
    `update scheduler.waves set ask_outside_at = $3, external_answer = $4 where campaign_id = $1 and wave = $2`,
    [wave.campaignId, wave.wave, askAt, heard === null ? null : json(heard)],
  )
}

/** Of an owner's campaigns. */
export function wavesToAskOutside(
  db: Queryable,
  owner: string,
  now: number,
  limit: number,
): Promise<{ campaignId: string; wave: number }[]> {
  return db.query(
    `select campaign_id as "campaignId", wave from scheduler.waves join scheduler.owners using (campaign_id)
     where owner = $1 and ask_outside_at <= $2 order by ask_outside_at limit $3`,
    [owner, now, limit],
  )
}
