import type { Queryable } from '@sluice/sql'

/** One look at what has to be done, so that an idle tick costs one query and no transaction. */
export async function whatWaits(
  db: Queryable,
  now: number,
): Promise<{ plans: boolean; sweeps: boolean; outages: boolean; timers: boolean; gates: boolean }> {
  const [row] = await db.query<{ plans: boolean; sweeps: boolean; outages: boolean; timers: boolean; gates: boolean }>(
    `select exists (select 1 from scheduler.campaigns where plan_stage <> 'planned' and state = 'planning') as plans,
            exists (select 1 from scheduler.sweeps where next_at <= $1) as sweeps,
            exists (select 1 from scheduler.outages) as outages,
            exists (select 1 from scheduler.upgrades where due_at <= $1) as timers,
            exists (select 1 from scheduler.campaigns where check_at <= $1) as gates`,
    [now],
  )
  return row ?? { plans: false, sweeps: false, outages: false, timers: false, gates: false }
}
