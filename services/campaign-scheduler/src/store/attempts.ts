import { json, type Queryable } from '@sluice/sql'

export interface AttemptRow {
  readonly attemptId: string
  readonly upgradeId: string
  readonly campaignId: string
  readonly deviceKey: string
  readonly offeredAt: number
}

const columns = `attempt_id as "attemptId", upgrade_id as "upgradeId", campaign_id as "campaignId", device_key as "deviceKey", offered_at as "offeredAt"`

/** Takes the devices for these attempts; answers the attempts that got theirs. A device is taken once. */
export async function openAttempts(tx: Queryable, rows: readonly AttemptRow[]): Promise<Set<string>> {
  if (rows.length === 0) return new Set()
  const ordered = rows.toSorted((a, b) => (a.deviceKey < b.deviceKey ? -1 : 1))
  const opened = await tx.query<{ attemptId: string }>(
    `insert into scheduler.open_attempts (device_key, attempt_id, upgrade_id)
     select "deviceKey", "attemptId", "upgradeId" from jsonb_to_recordset($1::jsonb) as r("deviceKey" text, "attemptId" text, "upgradeId" text)
     on conflict (device_key) do nothing returning attempt_id as "attemptId"`,
    [json(ordered)],
  )
  return new Set(opened.map((row) => row.attemptId))
}

/** Remembers tries for good. */
export async function insertAttempts(tx: Queryable, rows: readonly AttemptRow[]): Promise<void> {
  if (rows.length === 0) return
  await tx.query(
    `insert into scheduler.attempts (attempt_id, upgrade_id, campaign_id, device_key, offered_at)
     select "attemptId", "upgradeId", "campaignId", "deviceKey", "offeredAt" from jsonb_to_recordset($1::jsonb)
       as r("attemptId" text, "upgradeId" text, "campaignId" text, "deviceKey" text, "offeredAt" bigint)`,
    [json(rows)],
  )
}

/** Gives the devices of these upgrades back. */
export async function closeAttempts(tx: Queryable, upgradeIds: readonly string[]): Promise<void> {
  if (upgradeIds.length === 0) return
  await tx.query(
    `delete from scheduler.open_attempts where device_key in
       (select device_key from scheduler.open_attempts where upgrade_id = any($1) order by device_key for update)`,
    [upgradeIds],
  )
}

export function openAttemptsOf(
  db: Queryable,
  deviceKeys: readonly string[],
): Promise<{ deviceKey: string; attemptId: string; upgradeId: string }[]> {
  if (deviceKeys.length === 0) return Promise.resolve([])
  return db.query(
    `select device_key as "deviceKey", attempt_id as "attemptId", upgrade_id as "upgradeId" from scheduler.open_attempts where device_key = any($1)`,
    [deviceKeys],
  )
}

export function findAttempts(db: Queryable, attemptIds: readonly string[]): Promise<AttemptRow[]> {
  if (attemptIds.length === 0) return Promise.resolve([])
  return db.query<AttemptRow>(`select ${columns} from scheduler.attempts where attempt_id = any($1)`, [attemptIds])
}

/** A device's last try, whether it is open, and the try that the device's last `M Download` event named. */
export type LatestAttempt = AttemptRow & {
  readonly open: boolean
  readonly namedAttemptId: string | null
  readonly namedUpgradeId: string | null
}

/** The open try of each of these devices, or else the last one. */
export function latestAttempts(db: Queryable, deviceKeys: readonly string[]): Promise<LatestAttempt[]> {
  if (deviceKeys.length === 0) return Promise.resolve([])
  return db.query<LatestAttempt>(
    `select last.*, named.attempt_id as "namedAttemptId", named.upgrade_id as "namedUpgradeId"
     from (select distinct on (device_key) ${columns}, exists (
             select 1 from scheduler.open_attempts o where o.attempt_id = a.attempt_id) as open
           from scheduler.attempts a where device_key = any($1)
           order by device_key, open desc, offered_at desc, attempt_id desc) last
     left join lateral (select attempt_id, upgrade_id from scheduler.attempts n
       where n.device_key = last."deviceKey" and n.named_at >= last."offeredAt" order by named_at desc limit 1) named on true`,
    [deviceKeys],
  )
}

/** Remembers which tries devices named in their events. */
export async function nameAttempts(
  tx: Queryable,
  names: readonly { readonly attemptId: string; readonly at: number }[],
): Promise<void> {
  if (names.length === 0) return
  const ordered = names.toSorted((a, b) => (a.attemptId < b.attemptId ? -1 : 1))
  await tx.query(
    `update scheduler.attempts a set named_at = greatest(a.named_at, n.at)
     from (select "attemptId", max(at) as at from jsonb_to_recordset($1::jsonb) as r("attemptId" text, at bigint)
           group by "attemptId" order by "attemptId") n
     where a.attempt_id = n."attemptId"`,
    [json(ordered)],
  )
}
