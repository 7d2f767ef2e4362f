import type { Clock } from '@sluice/runtime'
import type { Sql } from '@sluice/sql'

/** What waits in the database, but for the outbox. */
export interface Backlogs {
  readonly timerLateMs: number
  readonly sweepsWaiting: number
  readonly outagesWaiting: number
  readonly inDoubt: number
  readonly campaignsRunning: number
}

const FRESH_MS = 10_000

/** Reads what waits, at most once per 10 s: scrapes of several collectors cost one look. */
export function createBacklogReader(parts: { readonly sql: Sql; readonly clock: Clock }): () => Promise<Backlogs> {
  let known: { readonly at: number; readonly backlogs: Promise<Backlogs> } | undefined
  return () => {
    const now = parts.clock.now()
    if (known === undefined || now - known.at >= FRESH_MS) {
      const backlogs = readBacklogs(parts.sql, now)
      known = { at: now, backlogs }
    }
    return known.backlogs
  }
}

async function readBacklogs(sql: Sql, now: number): Promise<Backlogs> {
  const [row] = await sql.query<Omit<Backlogs, 'timerLateMs'> & { due: number | null }>(
    `select (select min(due_at) from scheduler.upgrades where due_at is not null) as due,
            (select count(*) from scheduler.sweeps) as "sweepsWaiting",
            (select count(*) from scheduler.outages) as "outagesWaiting",
            (select coalesce(sum(n), 0)::bigint from scheduler.tallies where state = 'in_doubt') as "inDoubt",
            (select count(*) from scheduler.campaigns where state = 'running') as "campaignsRunning"`,
  )
  const { due, ...counts } = row!
  return { ...counts, timerLateMs: due === null ? 0 : Math.max(0, now - due) }
}
