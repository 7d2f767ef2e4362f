import type { DeviceTaskState } from '@sluice/contracts'
import { type Queryable, json } from '@sluice/sql'
import {
  SHOWN_TASK_COLUMNS,
  TASK_COLUMNS,
  TASK_COLUMN_NAMES,
  TASK_RECORD,
  TASK_RECORD_VALUES,
  type TaskRow,
  recordOf,
} from './task-row.ts'

export async function insertTasks(tx: Queryable, rows: readonly TaskRow[]): Promise<void> {
  if (rows.length === 0) return
  await tx.query(
    `insert into tasks.tasks (${TASK_COLUMN_NAMES})
     select ${TASK_RECORD_VALUES} from jsonb_to_recordset($1::jsonb) as r(${TASK_RECORD})`,
    [json(rows.map(recordOf))],
  )
}

/** Writes what can change of a task. */
export async function updateTasks(tx: Queryable, rows: readonly TaskRow[]): Promise<void> {
  if (rows.length === 0) return
  await tx.query(
    `update tasks.tasks t set state = r.state, facts = r.facts, revision = r.revision, fault_code = r."faultCode",
       sealed_call = case when r."endedAt" is null then t.sealed_call end,
       sealed_result = coalesce(decode(r."sealedResult", 'base64'), t.sealed_result),
       sealed_late = coalesce(decode(r."sealedLate", 'base64'), t.sealed_late),
       upload_bytes = r."uploadBytes", upload_sha256 = r."uploadSha256", wake_at = r."wakeAt",
       credential_issue = r."credentialIssue", confirm_at = r."confirmAt", updated_at = r."updatedAt", due_at = r."dueAt", ended_at = r."endedAt"
     from jsonb_to_recordset($1::jsonb) as r(${TASK_RECORD}) where t.task_id = r."taskId"`,
    [json(rows.map((row) => recordOf({ ...row, sealedCall: null })))],
  )
}

export async function findTask(sql: Queryable, taskId: string): Promise<TaskRow | undefined> {
  const [row] = await findTasks(sql, [taskId])
  return row
}

export function findTasks(sql: Queryable, taskIds: readonly string[]): Promise<TaskRow[]> {
  return sql.query<TaskRow>(`select ${TASK_COLUMNS} from tasks.tasks where task_id = any($1::text[])`, [taskIds])
}

/** In the order of their ids, so that two who lock the same ones wait for each other. */
export function lockTasks(tx: Queryable, taskIds: readonly string[]): Promise<TaskRow[]> {
  return tx.query<TaskRow>(
    `select ${TASK_COLUMNS} from tasks.tasks where task_id = any($1::text[]) order by task_id for update`,
    [taskIds],
  )
}

/** Those whose time has come and that nobody else holds. */
export function lockDueTasks(tx: Queryable, now: number, limit: number): Promise<TaskRow[]> {
  return tx.query<TaskRow>(
    `select ${TASK_COLUMNS} from tasks.tasks where due_at <= $1 order by due_at limit $2 for update skip locked`,
    [now, limit],
  )
}

/** Whoever adds a task to a device waits here for everybody else who does. */
export async function holdDevice(tx: Queryable, deviceKey: string): Promise<void> {
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))::text', [`sluice.tasks.${deviceKey}`])
}

export async function findByIdempotencyKey(
  tx: Queryable,
  { deviceKey, actor, key }: { deviceKey: string; actor: string; key: string },
): Promise<TaskRow | undefined> {
  const [row] = await tx.query<TaskRow>(
    `select ${TASK_COLUMNS} from tasks.tasks where device_key = $1 and created_by = $2 and idempotency_key = $3`,
    [deviceKey, actor, key],
  )
  return row
}

/** How many tasks of each device have not ended. */
export async function countOpen(tx: Queryable, deviceKeys: readonly string[]): Promise<Map<string, number>> {
  const rows = await tx.query<{ device: string; n: number }>(
    `select device_key as device, count(*) as n from tasks.tasks
     where device_key = any($1::text[]) and ended_at is null group by device_key`,
    [deviceKeys],
  )
  return new Map(rows.map(({ device, n }) => [device, n]))
}

export interface TaskFilter {
  readonly deviceKey?: string | undefined
  readonly fleetTaskId?: string | undefined
  readonly state?: DeviceTaskState | undefined
  readonly cursor?: string | undefined
}

/** How much there is to show of each task, newest first: looked at before anything of it is read. */
export function listTaskSizes(
  sql: Queryable,
  filter: TaskFilter,
  limit: number,
): Promise<{ taskId: string; bytes: number }[]> {
  const values: unknown[] = [limit]
  const conditions = (
    [
      ['device_key =', filter.deviceKey],
      ['fleet_task_id =', filter.fleetTaskId],
      ['state =', filter.state],
      ['task_id <', filter.cursor],
    ] as const
  ).flatMap(([condition, value]) => (value === undefined ? [] : [`${condition} $${values.push(value)}`]))
  const where = conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`
  return sql.query(
    `select task_id as "taskId", octet_length(shown_call::text) + coalesce(octet_length(sealed_result), 0)
       + coalesce(octet_length(sealed_late), 0) as bytes
     from tasks.tasks ${where} order by task_id desc limit $1`,
    values,
  )
}

/** Newest first, with what is shown of them. */
export function findTasksToShow(sql: Queryable, taskIds: readonly string[]): Promise<TaskRow[]> {
  return sql.query<TaskRow>(
    `select ${SHOWN_TASK_COLUMNS} from tasks.tasks where task_id = any($1::text[]) order by task_id desc`,
    [taskIds],
  )
}

export function listWaiting(
  sql: Queryable,
  cursor: string,
  limit: number,
): Promise<Pick<TaskRow, 'taskId' | 'deviceKey' | 'revision'>[]> {
  return sql.query(
    `select task_id as "taskId", device_key as "deviceKey", revision from tasks.tasks
     where state = 'waiting' and task_id > $1 order by task_id limit $2`,
    [cursor, limit],
  )
}

/** Ended before `before`; how many were deleted. */
export async function deleteEnded(tx: Queryable, before: number, limit: number): Promise<number> {
  const rows = await tx.query(
    `with old as materialized (
       select task_id from tasks.tasks where ended_at < $1 and confirm_at is null
       order by ended_at limit $2 for update skip locked)
     delete from tasks.tasks t using old where t.task_id = old.task_id returning t.task_id`,
    [before, limit],
  )
  return rows.length
}
