import type { Queryable, Sql } from '@sluice/sql'

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
