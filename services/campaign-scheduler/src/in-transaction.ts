import { type Queryable, SqlError } from '@sluice/sql'
import type { Parts } from './parts.ts'

const MOST_TRIES = 5

/** One transaction, done again when the database asked for that (a deadlock, a serialization failure). */
export async function inTransaction<T>(
  parts: Pick<Parts, 'sql' | 'metrics'>,
  work: (tx: Queryable) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await parts.sql.transaction(work)
    } catch (error) {
      if (!(error instanceof SqlError) || error.code !== 'conflict' || tries >= MOST_TRIES) throw error
      parts.metrics.conflicts.add(1)
    }
  }
}
