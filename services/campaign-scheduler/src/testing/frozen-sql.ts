import type { Queryable, Sql } from '@sluice/sql'

/** A database as a process sees it that can be frozen (SIGSTOP), or killed, at any statement. */
export interface FrozenSql {
  readonly sql: (real: Sql) => Sql
  /** Stops everything, before the next statement that looks like this leaves or when it has been answered with rows. */
  freeze(when: 'before' | 'after', text: RegExp): Promise<void>
  thaw(): void
  kill(): void
  /** The statements of each transaction that began after the thaw. */
  readonly since: readonly (readonly string[])[]
}

export function createFrozenSql(): FrozenSql {
  let trigger: { readonly when: 'before' | 'after'; readonly text: RegExp } | undefined
  let reached = Promise.withResolvers<void>()
  let gate: PromiseWithResolvers<void> | undefined
  let isThawed = false
  let dead = false
  const since: string[][] = []

  const stopHere = async (when: 'before' | 'after', text: string, rows = 1): Promise<void> => {
    if (trigger?.when === when && rows > 0 && trigger.text.test(text)) {
      trigger = undefined
      gate = Promise.withResolvers<void>()
      reached.resolve()
    }
    await gate?.promise
    if (dead) throw new Error('killed')
  }
  const watched = (real: Queryable, note: (text: string) => void): Queryable => ({
    query: async (text, values) => {
      await stopHere('before', text)
      note(text)
      const rows = await real.query<never>(text, values)
      await stopHere('after', text, rows.length)
      return rows
    },
  })
  return {
    since,
    freeze: (when, text) => {
      reached = Promise.withResolvers<void>()
      trigger = { when, text }
      return reached.promise
    },
    thaw: () => {
      isThawed = true
      gate?.resolve()
      gate = undefined
    },
    kill: () => {
      dead = true
      gate?.resolve()
    },
    sql: (real) => ({
      ...real,
      ...watched(real, () => {}),
      transaction: async (work) => {
        await stopHere('before', 'begin')
        const texts: string[] = []
        if (isThawed) since.push(texts)
        return real.transaction((tx) => work(watched(tx, (text) => void texts.push(text))))
      },
    }),
  }
}
