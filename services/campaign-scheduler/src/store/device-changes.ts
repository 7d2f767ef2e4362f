import type { DataOf, deviceChanged } from '@sluice/contracts'
import { json, type Queryable } from '@sluice/sql'

export type DeviceChange = DataOf<typeof deviceChanged>['items'][number]

/**
 * Whether campaigns take devices in from the inventory now. Waits for those that are writing some: what they write is there
 * for whoever asks next.
 */
export async function waitForTakingIn(tx: Queryable): Promise<boolean> {
  const taking = await tx.query(
    `select 1 from scheduler.campaigns
     where state = 'planning' or (join_at is not null and state in ('ready', 'running', 'paused'))
     order by campaign_id for share`,
  )
  return taking.length > 0
}

/** The last word on each of these devices stays. */
export async function keepChanges(tx: Queryable, changes: readonly DeviceChange[], heardAt: number): Promise<void> {
  const ordered = changes.toSorted((a, b) => (a.deviceKey < b.deviceKey ? -1 : 1))
  await tx.query(
    `insert into scheduler.device_changes as known (device_key, change, heard_at)
     select change->>'deviceKey', change, $2 from jsonb_array_elements($1::jsonb) change
     on conflict (device_key) do update set change = excluded.change, heard_at = excluded.heard_at
       where excluded.change->>'at' >= known.change->>'at'`,
    [json(ordered), heardAt],
  )
}

export async function changesOf(
  tx: Queryable,
  deviceKeys: readonly string[],
): Promise<ReadonlyMap<string, DeviceChange>> {
  const rows = await tx.query<{ change: DeviceChange }>(
    `select change from scheduler.device_changes where device_key = any($1)`,
    [deviceKeys],
  )
  return new Map(rows.map(({ change }) => [change.deviceKey, change]))
}

/** The next that were heard before `before`; answers how many. */
export async function forgetChanges(tx: Queryable, before: number, limit: number): Promise<number> {
  const gone = await tx.query(
    `delete from scheduler.device_changes where device_key in
       (select device_key from scheduler.device_changes where heard_at < $1 order by heard_at limit $2) returning 1`,
    [before, limit],
  )
  return gone.length
}

export async function forgetChangesOf(tx: Queryable, deviceKey: string): Promise<void> {
  await tx.query(`delete from scheduler.device_changes where device_key = $1`, [deviceKey])
}
