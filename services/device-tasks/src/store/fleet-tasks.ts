import type { DeviceFilter, DeviceTaskState, FleetTask } from '@sluice/contracts'
import { type Queryable, json } from '@sluice/sql'

export interface FleetTaskRow {
  readonly fleetTaskId: string
  readonly state: FleetTask['state']
  readonly filter: DeviceFilter
  readonly sealedAction: Uint8Array
  readonly shownAction: FleetTask['action']
  /** Each device is sent a connection request. */
  readonly wakes: boolean
  readonly deadline: number
  readonly planCursor: string | null
  readonly nextWakeAt: number
  readonly cancelledBy: string | null
  readonly createdBy: string
  readonly createdAt: number
}

const COLUMNS = `fleet_task_id as "fleetTaskId", state, filter, sealed_action as "sealedAction",
  shown_action as "shownAction", wakes, deadline, plan_cursor as "planCursor", next_wake_at as "nextWakeAt",
  cancelled_by as "cancelledBy", created_by as "createdBy", created_at as "createdAt"`

export async function insertFleetTask(tx: Queryable, row: FleetTaskRow): Promise<void> {
  await tx.query(
    `insert into tasks.fleet_tasks (fleet_task_id, state, filter, sealed_action, shown_action, wakes, deadline,
       next_wake_at, created_by, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      row.fleetTaskId,
      row.state,
      json(row.filter),
      row.sealedAction,
      json(row.shownAction),
      row.wakes,
      row.deadline,
      row.nextWakeAt,
      row.createdBy,
      row.createdAt,
    ],
  )
}

export async function findFleetTask(sql: Queryable, fleetTaskId: string): Promise<FleetTaskRow | undefined> {
  const [row] = await sql.query<FleetTaskRow>(`select ${COLUMNS} from tasks.fleet_tasks where fleet_task_id = $1`, [
    fleetTaskId,
  ])
  return row
}

/** Newest first. */
export function listFleetTasks(sql: Queryable, cursor: string | undefined, limit: number): Promise<FleetTaskRow[]> {
  return sql.query<FleetTaskRow>(
    `select ${COLUMNS} from tasks.fleet_tasks where $1::text is null or fleet_task_id < $1
     order by fleet_task_id desc limit $2`,
    [cursor ?? null, limit],
  )
}

export function fleetTasksToPlan(sql: Queryable): Promise<FleetTaskRow[]> {
  return sql.query<FleetTaskRow>(
    `select ${COLUMNS} from tasks.fleet_tasks where state = 'planning' order by fleet_task_id limit 100`,
  )
}

export function fleetTasksToCancel(sql: Queryable): Promise<FleetTaskRow[]> {
  return sql.query<FleetTaskRow>(
    `select ${COLUMNS} from tasks.fleet_tasks where cancelled_by is not null order by fleet_task_id limit 100`,
  )
}

/** Moves the plan on by a page; false when a faster replica, or a cancel, has moved it already. */
export async function advanceFleetPlan(
  tx: Queryable,
  { fleetTaskId, planCursor }: FleetTaskRow,
  to: { readonly cursor: string | null; readonly nextWakeAt: number },
): Promise<boolean> {
  const rows = await tx.query(
    `update tasks.fleet_tasks set plan_cursor = $3, next_wake_at = $4,
       state = case when $3::text is null then 'running' else state end
     where fleet_task_id = $1 and state = 'planning' and plan_cursor is not distinct from $2 returning 1 as one`,
    [fleetTaskId, planCursor, to.cursor, to.nextWakeAt],
  )
  return rows.length === 1
}

/** False when there was nothing to end any more. */
export async function endFleetTask(
  tx: Queryable,
  { fleetTaskId, actor, at }: { fleetTaskId: string; actor: string; at: number },
): Promise<boolean> {
  const rows = await tx.query(
    `update tasks.fleet_tasks set state = 'cancelled', cancelled_by = $2, ended_at = $3
     where fleet_task_id = $1 and state in ('planning', 'running') returning 1 as one`,
    [fleetTaskId, actor, at],
  )
  return rows.length === 1
}

export async function cancelIsDone(tx: Queryable, fleetTaskId: string): Promise<void> {
  await tx.query('update tasks.fleet_tasks set cancelled_by = null where fleet_task_id = $1', [fleetTaskId])
}

/** Some of its tasks that wait. */
export async function waitingOfFleet(sql: Queryable, fleetTaskId: string, limit: number): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    `select task_id as id from tasks.tasks where fleet_task_id = $1 and state = 'waiting' order by task_id limit $2`,
    [fleetTaskId, limit],
  )
  return rows.map(({ id }) => id)
}

/** Fleet tasks all of whose tasks have ended. */
export async function settleFleetTasks(tx: Queryable, at: number): Promise<void> {
  await tx.query(
    `update tasks.fleet_tasks f set state = 'done', ended_at = $1
     where state = 'running' and not exists (select 1 from tasks.fleet_tallies t
       where t.fleet_task_id = f.fleet_task_id and t.state in ('waiting', 'running', 'transferring') and t.n > 0)`,
    [at],
  )
}

/** Ended before `before`, and with no task left. */
export async function deleteEndedFleetTasks(tx: Queryable, before: number, limit: number): Promise<number> {
  const rows = await tx.query(
    `with old as materialized (
       select fleet_task_id from tasks.fleet_tasks f where ended_at < $1
         and not exists (select 1 from tasks.tasks t where t.fleet_task_id = f.fleet_task_id)
       limit $2 for update skip locked)
     delete from tasks.fleet_tasks f using old where f.fleet_task_id = old.fleet_task_id returning 1 as one`,
    [before, limit],
  )
  return rows.length
}

export interface Tally {
  readonly fleetTaskId: string
  readonly state: DeviceTaskState
  readonly n: number
}

/** Last in a transaction, and in one order: who moves the same ones waits for each other. */
export async function addToTallies(tx: Queryable, tallies: readonly Tally[]): Promise<void> {
  const sums = new Map<string, Tally>()
  for (const tally of tallies) {
    const key = `${tally.fleetTaskId} ${tally.state}`
    sums.set(key, { ...tally, n: tally.n + (sums.get(key)?.n ?? 0) })
  }
  const changed = [...sums.entries()].filter(([, { n }]) => n !== 0)
  if (changed.length === 0) return
  const rows = changed.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, tally]) => tally)
  await tx.query(
    `insert into tasks.fleet_tallies as t (fleet_task_id, state, n)
     select r."fleetTaskId", r.state, r.n
     from jsonb_to_recordset($1::jsonb) as r("fleetTaskId" text, state text, n bigint)
     on conflict (fleet_task_id, state) do update set n = t.n + excluded.n`,
    [json(rows)],
  )
}

export async function talliesOf(
  sql: Queryable,
  fleetTaskIds: readonly string[],
): Promise<Map<string, Record<string, number>>> {
  const rows = await sql.query<Tally>(
    `select fleet_task_id as "fleetTaskId", state, n from tasks.fleet_tallies where fleet_task_id = any($1::text[])`,
    [fleetTaskIds],
  )
  const counts = new Map<string, Record<string, number>>(fleetTaskIds.map((id) => [id, {}]))
  for (const { fleetTaskId, state, n } of rows) if (n > 0) counts.get(fleetTaskId)![state] = n
  return counts
}
