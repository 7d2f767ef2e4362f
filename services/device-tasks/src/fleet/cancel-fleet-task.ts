import { retryingTransaction } from '@sluice/sql'
import { type FleetTask, type InputOf, type Reply, type fleetTaskCancel, refused } from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import {
  type FleetTaskRow,
  cancelIsDone,
  endFleetTask,
  findFleetTask,
  fleetTasksToCancel,
  waitingOfFleet,
} from '../store/fleet-tasks.ts'
import { lockTasks } from '../store/tasks.ts'
import { carryOut } from '../task/carry-out.ts'
import { moveTasks } from '../task/move-tasks.ts'
import { getFleetTask } from './read-fleet-tasks.ts'

/** Nothing more is planned from here on; what waits is cancelled page by page. Again is no mistake. */
export async function cancelFleetTask(
  parts: Parts,
  { fleetTaskId, actor }: InputOf<typeof fleetTaskCancel>,
): Promise<Reply<FleetTask>> {
  const at = parts.clock.now()
  const row = await findFleetTask(parts.sql, fleetTaskId)
  if (row === undefined) return refused('not_found', 'there is no such fleet task')
  await retryingTransaction(parts.sql, async (tx) => {
    if (!(await endFleetTask(tx, { fleetTaskId, actor, at }))) return
    await parts.journal.append(tx, [
      { direction: 'note', at, actor, kind: 'fleet_task.cancelled', data: { fleetTaskId } },
    ])
  })
  parts.wakeChores()
  const now = await getFleetTask(parts, fleetTaskId)
  if (now.ok && now.data.state === 'done') return refused('conflict', 'all of its tasks have ended')
  return now
}

/** A page of the tasks of each fleet task that was cancelled; whether there are more. */
export async function cancelFleetPages(parts: Parts): Promise<boolean> {
  const fleetTasks = await fleetTasksToCancel(parts.sql)
  for (const fleetTask of fleetTasks) await cancelPage(parts, fleetTask)
  return fleetTasks.length > 0
}

async function cancelPage(parts: Parts, { fleetTaskId, cancelledBy }: FleetTaskRow): Promise<void> {
  const taskIds = await waitingOfFleet(parts.sql, fleetTaskId, parts.settings.pageSize)
  if (taskIds.length === 0) return cancelIsDone(parts.sql, fleetTaskId)
  const at = parts.clock.now()
  const moves = await retryingTransaction(parts.sql, async (tx) =>
    moveTasks(parts, tx, {
      locked: await lockTasks(tx, taskIds),
      told: taskIds.map((taskId) => ({ taskId, actor: cancelledBy!, fact: { kind: 'cancelled' } })),
      at,
    }),
  )
  await carryOut(parts, moves)
}
