import type { Queryable } from '@sluice/sql'

export interface SweepRow {
  readonly sweepId: string
  readonly kind: 'hint' | 'withdraw' | 'revoke'
  readonly campaignId: string
  readonly wave: number | null
  /** The last upgrade that is done. */
  readonly afterId: string
  readonly reason: string
  readonly actor: string
}

export async function insertSweep(tx: Queryable, sweep: Omit<SweepRow, 'afterId'>): Promise<void> {
  await tx.query(
    `insert into scheduler.sweeps (sweep_id, kind, campaign_id, wave, reason, actor) values ($1, $2, $3, $4, $5, $6)`,
    [sweep.sweepId, sweep.kind, sweep.campaignId, sweep.wave, sweep.reason, sweep.actor],
  )
}

/** The oldest sweep that nobody else is at; held until the transaction ends. */
export async function takeSweep(tx: Queryable): Promise<SweepRow | undefined> {
  const [row] = await tx.query<SweepRow>(
    `select sweep_id as "sweepId", kind, campaign_id as "campaignId", wave, after_id as "afterId", reason, actor
     from scheduler.sweeps order by sweep_id limit 1 for update skip locked`,
  )
  return row
}

export async function advanceSweep(tx: Queryable, sweepId: string, afterId: string): Promise<void> {
  await tx.query(`update scheduler.sweeps set after_id = $2 where sweep_id = $1`, [sweepId, afterId])
}

export async function endSweep(tx: Queryable, sweepId: string): Promise<void> {
  await tx.query(`delete from scheduler.sweeps where sweep_id = $1`, [sweepId])
}
