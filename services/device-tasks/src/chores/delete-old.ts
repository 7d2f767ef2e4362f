import { retryingTransaction } from '@sluice/sql'
import type { Parts } from '../parts.ts'
import { deleteEndedFleetTasks } from '../store/fleet-tasks.ts'
import { deleteEnded } from '../store/tasks.ts'

/** Deletes a page of what ended longer ago than it is kept; whether there is more. The journal stays. */
export async function deleteOld(parts: Parts): Promise<boolean> {
  const { retentionMs, pageSize } = parts.settings
  const before = parts.clock.now() - retentionMs
  const tasks = await retryingTransaction(parts.sql, (tx) => deleteEnded(tx, before, pageSize))
  const fleets = await retryingTransaction(parts.sql, (tx) => deleteEndedFleetTasks(tx, before, pageSize))
  return tasks === pageSize || fleets === pageSize
}
