import {
  type DeviceTask,
  type InputOf,
  type OutputOf,
  type Reply,
  answered,
  refused,
  strangeCursor,
  type taskList,
  type taskPlacements,
} from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { findTask, findTasksToShow, listTaskSizes, listWaiting } from '../store/tasks.ts'
import { hint } from './placements.ts'
import { showTask } from './show-task.ts'

/** Below what one message of the bus holds. */
const MOST_BYTES_OF_A_PAGE = 900_000
/** Tasks looked at in one step. Results may be large: only what may fit into the page is read. */
const ROWS_AT_ONCE = 100

export async function getTask(parts: Parts, taskId: string): Promise<Reply<DeviceTask>> {
  const row = await findTask(parts.sql, taskId)
  return row === undefined ? refused('not_found', 'there is no such task') : answered(showTask(parts, row))
}

/** A page ends at its limit, or where one more task would be too much for a message. */
export async function readTasks(
  parts: Parts,
  { limit, cursor, ...filter }: InputOf<typeof taskList>,
): Promise<Reply<OutputOf<typeof taskList>>> {
  const strange = strangeCursor('task', cursor)
  if (strange !== undefined) return strange
  const items: DeviceTask[] = []
  let bytes = 0
  for (;;) {
    const more = { ...filter, cursor: items.at(-1)?.taskId ?? cursor }
    const sizes = await listTaskSizes(parts.sql, more, ROWS_AT_ONCE)
    const fitting = thatMayFit(sizes, MOST_BYTES_OF_A_PAGE - bytes)
    for (const row of await findTasksToShow(parts.sql, fitting)) {
      const task = showTask(parts, row)
      bytes += Buffer.byteLength(JSON.stringify(task)) + 1
      const isFull = items.length === limit || (items.length > 0 && bytes > MOST_BYTES_OF_A_PAGE)
      if (isFull) return answered({ items, next: items.at(-1)!.taskId })
      items.push(task)
    }
    if (fitting.length === sizes.length && sizes.length < ROWS_AT_ONCE) return answered({ items, next: null })
  }
}

/** Those the bytes are enough for, and one more: it decides by what it takes when it is shown. */
function thatMayFit(sizes: readonly { taskId: string; bytes: number }[], room: number): string[] {
  const fitting: string[] = []
  let bytes = 0
  for (const one of sizes) {
    fitting.push(one.taskId)
    bytes += one.bytes
    if (bytes > room) break
  }
  return fitting
}

/** Everything that gateways should remember, page by page: they may have lost it all. */
export async function listPlacements(
  parts: Parts,
  { cursor, limit }: InputOf<typeof taskPlacements>,
): Promise<Reply<OutputOf<typeof taskPlacements>>> {
  const rows = await listWaiting(parts.sql, cursor ?? '', limit + 1)
  const page = rows.slice(0, limit)
  return answered({ items: page.map(hint), next: rows.length > limit ? page.at(-1)!.taskId : null })
}
