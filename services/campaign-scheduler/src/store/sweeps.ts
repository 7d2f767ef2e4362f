import type { Queryable } from '@sluice/sql'

export interface SweepRow {
  readonly sweepId: string
  /** `close`: what waits is withdrawn; `withdraw`, `revoke`: what is under way is asked to stop as well. */
  readonly kind: 'hint' | 'close' | 'withdraw' | 'revoke'
  readonly campaignId: string
  readonly wave: number | null
  /** The last upgrade that is done. */
  readonly afterId: string
  readonly reason: string
  readonly actor: string
  /** How long it rests after each page. */
  readonly restMs: number
}

export async function insertSweep(
  tx: Queryable,
  { restMs = 0, ...sweep }: Omit<SweepRow, 'afterId' | 'restMs'> & { readonly restMs?: number },
): Promise<void> {
  await tx.query(
    `insert into scheduler.sweeps (sweep_id, kind, campaign_id, wave, reason, actor, rest_ms) values ($1, $2, $3, $4, $5, $6, $7)`,
    [sweep.sweepId, sweep.kind, sweep.campaignId, sweep.wave, sweep.reason, sweep.actor, restMs],
  )
}

export async function isBeingClosed(tx: Queryable, campaignId: string): Promise<boolean> {
  const rows = await tx.query(`select 1 from scheduler.sweeps where campaign_id = $1 and kind = 'close' limit 1`, [
    campaignId,
  ])
  return rows.length > 0
}

const columns = `sweep_id as "sweepId", kind, campaign_id as "campaignId", wave, after_id as "afterId", reason, actor,
  rest_ms as "restMs"`

/** An owner's next sweep: what stops devices first, and in turns. */
export async function nextSweep(db: Queryable, owner: string, now: number): Promise<SweepRow | undefined> {
  const [row] = await db.query<SweepRow>(
    `select ${columns} from scheduler.sweeps join scheduler.owners using (campaign_id)
     where owner = $2 and next_at <= $1 order by kind = 'hint', next_at, sweep_id limit 1`,
    [now, owner],
  )
  return row
}

/** Where the sweep stands now, held until the transaction ends; undefined: it is done. */
export async function lockSweep(tx: Queryable, sweepId: string): Promise<SweepRow | undefined> {
  const [row] = await tx.query<SweepRow>(`select ${columns} from scheduler.sweeps where sweep_id = $1 for update`, [
    sweepId,
  ])
  return row
}

export async function advanceSweep(tx: Queryable, sweepId: string, afterId: string, nextAt: number): Promise<void> {
  await tx.query(`update scheduler.sweeps set after_id = $2, next_at = $3 where sweep_id = $1`, [
    sweepId,
    afterId,
    nextAt,
  ])
}

export async function postponeSweep(db: Queryable, sweepId: string, until: number): Promise<void> {
  await db.query(`update scheduler.sweeps set next_at = $2 where sweep_id = $1`, [sweepId, until])
}

export async function endSweep(tx: Queryable, sweepId: string): Promise<void> {
  await tx.query(`delete from scheduler.sweeps where sweep_id = $1`, [sweepId])
}
