import type { Queryable } from '@sluice/sql'

/** What there is to do for this owner, or for anybody. */
export interface Waiting {
  readonly plans: boolean
  readonly sweeps: boolean
  readonly outages: boolean
  readonly timers: boolean
  readonly gates: boolean
  readonly outside: boolean
}

const OURS = `join scheduler.owners using (campaign_id) where owner = $2`

/**
 * One look at what has to be done, so that an idle tick costs one query and no transaction. The order of timers has their
 * index used: a planner without statistics takes a third of all upgrades to be due, and looks through all for the first.
 */
export async function whatWaits(db: Queryable, owner: string, now: number): Promise<Waiting> {
  const [row] = await db.query<Waiting>(
    `select exists (select 1 from scheduler.campaigns ${OURS} and plan_stage <> 'planned' and state = 'planning')
              or exists (select 1 from scheduler.campaigns ${OURS} and join_at <= $1 and state in ('ready', 'running', 'paused')) as plans,
            exists (select 1 from scheduler.sweeps ${OURS} and next_at <= $1) as sweeps,
            exists (select 1 from scheduler.outages) as outages,
            coalesce((select true from scheduler.upgrades where due_at <= $1 order by due_at limit 1), false) as timers,
            exists (select 1 from scheduler.campaigns ${OURS} and check_at <= $1) as gates,
            exists (select 1 from scheduler.waves ${OURS} and ask_outside_at <= $1) as outside`,
    [now, owner],
  )
  return row ?? { plans: false, sweeps: false, outages: false, timers: false, gates: false, outside: false }
}
