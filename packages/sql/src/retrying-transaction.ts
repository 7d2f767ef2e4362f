import type { Queryable, Sql } from './sql.ts'
import { SqlError } from './sql-error.ts'

const MOST_TRIES = 5

/** One transaction, done again when the database asked for that (a deadlock, a serialization failure). */
export async function retryingTransaction<T>(
  sql: Sql,
  work: (tx: Queryable) => Promise<T>,
  onConflict: () => void = () => {},
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await sql.transaction(work)
    } catch (error) {
      if (!(error instanceof SqlError) || error.code !== 'conflict' || tries >= MOST_TRIES) throw error
      onConflict()
    }
  }
}
