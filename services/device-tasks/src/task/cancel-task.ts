import { retryingTransaction } from '@sluice/sql'
import { type DeviceTask, type InputOf, type Reply, answered, refused, type taskCancel } from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { lockTasks } from '../store/tasks.ts'
import { carryOut } from './carry-out.ts'
import { moveTasks } from './move-tasks.ts'
import { showTask } from './show-task.ts'

/** Ends a task that waits; again is no mistake. */
export async function cancelTask(
  parts: Parts,
  { taskId, actor }: InputOf<typeof taskCancel>,
): Promise<Reply<DeviceTask>> {
  const at = parts.clock.now()
  const { row, moves } = await retryingTransaction(parts.sql, async (tx) => {
    const locked = await lockTasks(tx, [taskId])
    const told = [{ taskId, actor, fact: { kind: 'cancelled' } as const }]
    const moved = await moveTasks(parts, tx, { locked, told, at })
    return { row: moved[0]?.after ?? locked[0], moves: moved }
  })
  await carryOut(parts, moves)
  if (row === undefined) return refused('not_found', 'there is no such task')
  if (row.state === 'cancelled') return answered(showTask(parts, row))
  return refused('conflict', `the task is ${row.state}: only one that waits can be cancelled`)
}
