import { AsyncLocalStorage } from 'node:async_hooks'
import { SqlError } from './sql-error.ts'

export type TransactionScope = {
  /** Throws `nested_transaction` when called from within a transaction of the same database that is still open. */
  refuseInside(): void
  /** Runs `work` inside a transaction's scope. */
  run<T>(work: () => Promise<T>): Promise<T>
}

/**
 * Knows whether the caller stands inside a transaction. On one connection a statement outside of the open transaction, awaited inside it,
 * waits for ever; on a pool it takes a second connection and can starve the pool. Both implementations refuse it at once.
 */
export function createTransactionScope(): TransactionScope {
  const scopes = new AsyncLocalStorage<{ open: boolean }>()
  return {
    refuseInside: () => {
      if (scopes.getStore()?.open)
        throw new SqlError('nested_transaction', 'inside a transaction only its own query() may be used')
    },
    run: async (work) => {
      const scope = { open: true }
      try {
        return await scopes.run(scope, work)
      } finally {
        // What the work started and left running keeps this scope: it is free again from here on.
        scope.open = false
      }
    },
  }
}
