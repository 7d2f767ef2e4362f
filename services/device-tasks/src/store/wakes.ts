import type { DataOf, deviceWoken } from '@sluice/contracts'
import { type Queryable, json } from '@sluice/sql'

type Woken = DataOf<typeof deviceWoken>['items'][number]

/** Takes wakes that are due, until `until`: nobody else takes them before that. */
export function leaseWakes(
  sql: Queryable,
  { now, until, limit }: { now: number; until: number; limit: number },
): Promise<{ taskId: string; deviceKey: string }[]> {
  return sql.query(
    `with due as materialized (
       select task_id from tasks.tasks where wake_at <= $1 order by wake_at limit $3 for update skip locked)
     update tasks.tasks t set wake_at = $2, wake = 'asked' from due where t.task_id = due.task_id
     returning t.task_id as "taskId", t.device_key as "deviceKey"`,
    [now, until, limit],
  )
}

/**
 * A task that still waits so long after its wake is asked for again, the longer the later: the device may have come before
 * the hint did, and ended its session with nothing to do, or never have got the request. Of a device that does not come at
 * all nobody wants more of them.
 */
const AGAIN_AFTER_MS = [5_000, 30_000, 120_000, 600_000]

/** Only what is still ours: a task that was claimed since needs no wake. */
export async function wakeIsAsked(
  sql: Queryable,
  { taskIds, until, now }: { taskIds: readonly string[]; until: number; now: number },
): Promise<void> {
  if (taskIds.length === 0) return
  const againAt = `$3::bigint + ($4::bigint[])[wakes_asked + 1]`
  await sql.query(
    `update tasks.tasks set wakes_asked = wakes_asked + 1, wake_at = case when ${againAt} < deadline then ${againAt} end
     where task_id = any($1::text[]) and wake_at = $2`,
    [taskIds, until, now, AGAIN_AFTER_MS],
  )
}

export async function wakeLater(
  sql: Queryable,
  { taskIds, until, at }: { taskIds: readonly string[]; until: number; at: number },
): Promise<void> {
  if (taskIds.length === 0) return
  await sql.query(`update tasks.tasks set wake_at = $3 where task_id = any($1::text[]) and wake_at = $2`, [
    taskIds,
    until,
    at,
  ])
}

/** A task that ended so long ago is not what a device was woken for. */
const LONGEST_NEWS_MS = 60_000

/** What became of connection requests is shown on the tasks they were asked for. */
export async function showWoken(sql: Queryable, items: readonly Woken[], now: number): Promise<void> {
  const outcomes = new Map(items.map(({ deviceKey, outcome }) => [deviceKey, outcome]))
  const rows = [...outcomes].map(([deviceKey, outcome]) => ({ deviceKey, outcome }))
  await sql.query(
    `update tasks.tasks t set wake = r.outcome
     from jsonb_to_recordset($1::jsonb) as r("deviceKey" text, outcome text)
     where t.device_key = r."deviceKey" and t.wake not in ('not_asked', 'accepted') and t.wake <> r.outcome
       and (t.ended_at is null or t.ended_at > $2)`,
    [json(rows), now - LONGEST_NEWS_MS],
  )
}
