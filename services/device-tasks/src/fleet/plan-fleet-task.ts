import { type Device, type DeviceTaskState, type FleetAction, deviceList } from '@sluice/contracts'
import { type Queryable, retryingTransaction } from '@sluice/sql'
import { OURSELVES, type Parts } from '../parts.ts'
import { type FleetTaskRow, addToTallies, advanceFleetPlan, fleetTasksToPlan } from '../store/fleet-tasks.ts'
import type { TaskRow } from '../store/task-row.ts'
import { countOpen, insertTasks } from '../store/tasks.ts'
import { announceTasks } from '../task/carry-out.ts'
import { newTaskRow } from '../task/new-task-row.ts'
import { hint, placementEvents } from '../task/placements.ts'
import { expandAction } from './expand-action.ts'

/** A page for each fleet task that is still being written; whether there are more. */
export async function planFleetPages(parts: Parts): Promise<boolean> {
  let more = false
  for (const fleetTask of await fleetTasksToPlan(parts.sql)) {
    const page = await planPage(parts, fleetTask).catch((error: unknown) => tellOf(parts, fleetTask, error))
    // Who does not answer for one does not answer for the others.
    if (page === 'registry_away') return false
    if (page === 'more') more = true
  }
  return more
}

/** Such as an action that was sealed with another key: the others go on. */
function tellOf({ log }: Parts, { fleetTaskId }: FleetTaskRow, error: unknown): 'failed' {
  log.error({ err: error, fleet_task_id: fleetTaskId }, 'fleet_task.plan.failed')
  return 'failed'
}

/**
 * Writes the tasks of one page of the inventory and moves the plan's place, in one transaction: killed anywhere, it
 * goes on where it stood, and of two replicas the slower one's page is rolled back.
 */
async function planPage(parts: Parts, fleetTask: FleetTaskRow): Promise<'more' | 'planned' | 'registry_away'> {
  const page = await parts.bus.request(deviceList, {
    filter: fleetTask.filter,
    limit: parts.settings.pageSize,
    ...(fleetTask.planCursor === null ? {} : { cursor: fleetTask.planCursor }),
  })
  if (!page.ok) {
    parts.log.warn({ fleet_task_id: fleetTask.fleetTaskId, error: page.error }, 'fleet_task.plan.waits_for_registry')
    return 'registry_away'
  }
  const { items: devices, next } = page.data
  const written = await retryingTransaction(parts.sql, (tx) =>
    writePage(parts, tx, fleetTask, { devices, next }),
  ).catch(passOverFaster)
  if (written === undefined) return 'more'
  parts.wakeRelay()
  for (const { method } of written) parts.metrics.tasksCreated.add(1, { method })
  announceTasks(parts, written)
  return next === null ? 'planned' : 'more'
}

async function writePage(
  parts: Parts,
  tx: Queryable,
  fleetTask: FleetTaskRow,
  { devices, next }: { devices: readonly Device[]; next: string | null },
): Promise<TaskRow[]> {
  const { fleetTaskId, sealedAction } = fleetTask
  const at = parts.clock.now()
  const action = parts.seal.open<FleetAction>(`${fleetTaskId} action`, sealedAction)
  const open = await countOpen(
    tx,
    devices.map(({ deviceKey }) => deviceKey),
  )
  const wakes = paceWakes(fleetTask, at, parts.settings.fleetWakesPerSecond)
  const rows = devices.map((device) => {
    const isFull = (open.get(device.deviceKey) ?? 0) >= parts.settings.maxOpenPerDevice
    return taskFor(parts, fleetTask, { action, device, at, isFull, wakeAt: wakes.next })
  })
  if (!(await advanceFleetPlan(tx, fleetTask, { cursor: next, nextWakeAt: wakes.endsAt() }))) throw new FasterReplica()
  await insertTasks(tx, rows)
  const waiting = rows.filter(({ state }) => state === 'waiting')
  const note = { fleetTaskId, tasks: rows.length, notSent: rows.length - waiting.length, isLast: next === null }
  await parts.journal.append(tx, [
    { direction: 'note', at, actor: OURSELVES, kind: 'fleet_task.page_written', data: note },
    ...placementEvents(parts, waiting.map(hint), at),
  ])
  await addToTallies(
    tx,
    rows.map(({ state }) => ({ fleetTaskId, state, n: 1 })),
  )
  return rows
}

/** When the next device of a fleet is woken: evenly, from where the page before ended. */
function paceWakes({ wakes, nextWakeAt }: FleetTaskRow, at: number, perSecond: number) {
  let nextAt = Math.max(nextWakeAt, at)
  return {
    next: () => {
      if (!wakes) return null
      const wakeAt = Math.floor(nextAt)
      nextAt += 1_000 / perSecond
      return wakeAt
    },
    endsAt: () => Math.ceil(nextAt),
  }
}

interface Place {
  readonly action: FleetAction
  readonly device: Device
  readonly at: number
  readonly isFull: boolean
  readonly wakeAt: () => number | null
}

/** A device for which there is nothing to send has a task that says so. */
function taskFor(parts: Parts, fleetTask: FleetTaskRow, { action, device, at, isFull, wakeAt }: Place): TaskRow {
  const { fleetTaskId, createdBy: actor, deadline } = fleetTask
  const stored = expandAction(action, device, parts.settings)
  const reason = stored === null ? 'no_data_model' : isFull ? 'too_many_tasks' : undefined
  const call = stored ?? { call: { method: 'SetParameterValues', parameters: [] } }
  const about = { device, stored: call, actor, at, deadline, fleetTaskId }
  if (reason === undefined) return newTaskRow(parts, { ...about, wakeAt: wakeAt() })
  const row = newTaskRow(parts, { ...about, wakeAt: null })
  return {
    ...row,
    state: 'faulted' satisfies DeviceTaskState,
    facts: { ...row.facts, claimed: true, answer: { kind: 'not_sent' } },
    sealedCall: null,
    sealedResult: parts.seal.close(`${row.taskId} result`, { kind: 'not_sent', reason }),
    credential: null,
    dueAt: null,
    endedAt: at,
  }
}

/** Thrown inside a page's transaction to roll it back. */
class FasterReplica extends Error {}

function passOverFaster(error: unknown): undefined {
  if (error instanceof FasterReplica) return undefined
  throw error
}
