import type { Queryable } from '@sluice/sql'

/** A time in which no scheduler was at work. It stands here until all that was under way is excused for it. */
export interface OutageRow {
  readonly outageId: string
  readonly from: number
  readonly to: number
  /** The last upgrade that is excused. */
  readonly afterId: string
}

/** Says that a scheduler is at work at `now`; answers when one was before, and holds the row until the transaction ends. */
export async function beat(tx: Queryable, now: number): Promise<number | null> {
  const [before] = await tx.query<{ aliveAt: number | null }>(
    `select alive_at as "aliveAt" from scheduler.heartbeat for update`,
  )
  await tx.query(`update scheduler.heartbeat set alive_at = greatest(alive_at, $1)`, [now])
  return before?.aliveAt ?? null
}

export async function insertOutage(tx: Queryable, { outageId, from, to }: Omit<OutageRow, 'afterId'>): Promise<void> {
  await tx.query(`insert into scheduler.outages (outage_id, from_at, to_at) values ($1, $2, $3)`, [outageId, from, to])
}

/** The oldest outage that nobody else is at; held until the transaction ends. */
export async function takeOutage(tx: Queryable): Promise<OutageRow | undefined> {
  const [row] = await tx.query<OutageRow>(
    `select outage_id as "outageId", from_at as "from", to_at as "to", after_id as "afterId"
     from scheduler.outages order by outage_id limit 1 for update skip locked`,
  )
  return row
}

export async function advanceOutage(tx: Queryable, outageId: string, afterId: string): Promise<void> {
  await tx.query(`update scheduler.outages set after_id = $2 where outage_id = $1`, [outageId, afterId])
}

export async function endOutage(tx: Queryable, outageId: string): Promise<void> {
  await tx.query(`delete from scheduler.outages where outage_id = $1`, [outageId])
}
