import type { Queryable, Sql } from '@sluice/sql'
import { waitUntil } from '@sluice/testbed'

/** A database of which one transaction can be held, wherever it stands, while all others go on. */
export interface HeldSql {
  readonly sql: (real: Sql) => Sql
  /** Resolves once a statement that looks like this was answered: the transaction it is in goes no further. */
  hold(text: RegExp): Promise<void>
  release(): void
}

export function createHeldSql(): HeldSql {
  let wanted: RegExp | undefined
  const held = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const watched = (tx: Queryable): Queryable => ({
    query: async (text, values) => {
      const rows = await tx.query<never>(text, values)
      if (wanted?.test(text) === true) {
        wanted = undefined
        held.resolve()
        await released.promise
      }
      return rows
    },
  })
  return {
    sql: (real) => ({ ...real, transaction: (work) => real.transaction((tx) => work(watched(tx))) }),
    hold: (text) => {
      wanted = text
      return held.promise
    },
    release: () => released.resolve(),
  }
}

/** Whether a transaction waits for one that is held. */
async function isSomebodyWaiting(sql: Sql): Promise<boolean> {
  const waiting = await sql.query(
    `select 1 from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0`,
  )
  return waiting.length > 0
}

/** Resolves once it has ended, or waits for the transaction that is held. */
export async function untilItCannotGoOn(sql: Sql, work: Promise<unknown>): Promise<void> {
  let isOver = false
  const end = () => void (isOver = true)
  void work.then(end, end)
  await waitUntil(async () => isOver || isSomebodyWaiting(sql))
}
