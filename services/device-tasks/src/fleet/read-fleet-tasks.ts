import {
  type FleetTask,
  type InputOf,
  type OutputOf,
  type Reply,
  answered,
  type fleetTaskList,
  refused,
  strangeCursor,
} from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'
import { type Parts, toTime } from '../parts.ts'
import { type FleetTaskRow, findFleetTask, listFleetTasks, talliesOf } from '../store/fleet-tasks.ts'

export async function getFleetTask(parts: Parts, fleetTaskId: string): Promise<Reply<FleetTask>> {
  const row = await findFleetTask(parts.sql, fleetTaskId)
  if (row === undefined) return refused('not_found', 'there is no such fleet task')
  const [shown] = await showFleetTasks(parts.sql, [row])
  return answered(shown!)
}

export async function readFleetTasks(
  parts: Parts,
  { cursor, limit }: InputOf<typeof fleetTaskList>,
): Promise<Reply<OutputOf<typeof fleetTaskList>>> {
  const strange = strangeCursor('fleet_task', cursor)
  if (strange !== undefined) return strange
  const rows = await listFleetTasks(parts.sql, cursor, limit + 1)
  const page = await showFleetTasks(parts.sql, rows.slice(0, limit))
  return answered({ items: page, next: rows.length > limit ? page.at(-1)!.fleetTaskId : null })
}

async function showFleetTasks(sql: Queryable, rows: readonly FleetTaskRow[]): Promise<FleetTask[]> {
  const counts = await talliesOf(
    sql,
    rows.map(({ fleetTaskId }) => fleetTaskId),
  )
  return rows.map(({ fleetTaskId, shownAction: action, state, createdBy, createdAt }) => ({
    fleetTaskId,
    action,
    state,
    counts: counts.get(fleetTaskId) ?? {},
    createdBy,
    createdAt: toTime(createdAt),
  }))
}
