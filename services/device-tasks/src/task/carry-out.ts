import { taskChanged } from '@sluice/contracts'
import { inSpan } from '@sluice/runtime'
import { type Parts, SERVICE, toTime } from '../parts.ts'
import type { TaskRow } from '../store/task-row.ts'
import { taskTraceparent } from '../task-trace.ts'
import type { Move } from './move-tasks.ts'
import { isOpen } from './task-machine.ts'

const MOST_IN_ONE_EVENT = 500

/** After the commit: what may be lost without harm, or is found again by the chores. */
export async function carryOut(parts: Parts, moves: readonly Move[]): Promise<void> {
  const moved = moves.filter(({ before, after }) => before.state !== after.state)
  if (moved.length === 0) return
  parts.wakeRelay()
  parts.wakeChores()
  announceTasks(
    parts,
    moved.map(({ after }) => after),
  )
  for (const { before, after } of moved) {
    if (isOpen(before.state) && !isOpen(after.state)) {
      parts.metrics.tasksEnded.add(1, { method: after.method, state: after.state })
    }
    await traceMove(before, after)
  }
}

/** Tells who listens where tasks stand; results are for task.get alone. */
export function announceTasks({ bus, ids }: Pick<Parts, 'bus' | 'ids'>, rows: readonly TaskRow[]): void {
  for (let from = 0; from < rows.length; from += MOST_IN_ONE_EVENT) {
    const page = rows.slice(from, from + MOST_IN_ONE_EVENT)
    const items = page.map(({ taskId, deviceKey, fleetTaskId, method, state, faultCode, updatedAt }) => ({
      taskId,
      deviceKey,
      fleetTaskId,
      method,
      state,
      faultCode,
      at: toTime(updatedAt),
    }))
    bus.announce(taskChanged, [{ id: ids.event(), key: page[0]!.deviceKey, data: { items } }])
  }
}

async function traceMove(before: TaskRow, after: TaskRow): Promise<void> {
  const attributes = {
    'sluice.task_id': after.taskId,
    'sluice.device_key': after.deviceKey,
    'sluice.method': after.method,
    'sluice.from': before.state,
    'sluice.to': after.state,
  }
  const traceparent = taskTraceparent(after.taskId)
  await inSpan({ tracer: SERVICE, name: `task ${after.state}`, traceparent, attributes }, () => undefined)
}
