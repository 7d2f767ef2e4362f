import { type Queryable, retryingTransaction } from '@sluice/sql'
import type { Parts } from './parts.ts'

/** One transaction, done again when the database asked for that, which is counted. */
export function inTransaction<T>(
  { sql, metrics }: Pick<Parts, 'sql' | 'metrics'>,
  work: (tx: Queryable) => Promise<T>,
): Promise<T> {
  return retryingTransaction(sql, work, () => metrics.conflicts.add(1))
}
