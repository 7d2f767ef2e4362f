import { retryingTransaction } from '@sluice/sql'
import { OURSELVES, type Parts } from '../parts.ts'
import { lockDueTasks } from '../store/tasks.ts'
import { carryOut } from '../task/carry-out.ts'
import { moveTasks } from '../task/move-tasks.ts'

/** Tells tasks whose deadline is over that it is; whether there are more. Replicas share them. */
export async function expireTasks(parts: Parts): Promise<boolean> {
  const at = parts.clock.now()
  const { pageSize } = parts.settings
  const moves = await retryingTransaction(parts.sql, async (tx) => {
    const locked = await lockDueTasks(tx, at, pageSize)
    const told = locked.map(({ taskId }) => ({ taskId, actor: OURSELVES, fact: { kind: 'expired' } as const }))
    return moveTasks(parts, tx, { locked, told, at })
  })
  await carryOut(parts, moves)
  return moves.length === pageSize
}
