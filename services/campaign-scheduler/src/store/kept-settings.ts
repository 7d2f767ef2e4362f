import { json, type Queryable } from '@sluice/sql'

/** Settings of a device as a gateway sealed them: never opened, journaled or logged here. */
export interface KeptRow {
  readonly upgradeId: string
  readonly attemptId: string
  readonly deviceKey: string
  readonly settings: Readonly<Record<string, string>>
  readonly keptAt: number
}

/** Of an upgrade those of its last try. */
export async function keepSettings(tx: Queryable, rows: readonly KeptRow[]): Promise<void> {
  if (rows.length === 0) return
  await tx.query(
    `insert into scheduler.kept_settings (upgrade_id, attempt_id, device_key, settings, kept_at)
     select "upgradeId", "attemptId", "deviceKey", settings, "keptAt" from jsonb_to_recordset($1::jsonb)
       as r("upgradeId" text, "attemptId" text, "deviceKey" text, settings jsonb, "keptAt" bigint) order by "upgradeId"
     on conflict (upgrade_id) do update set attempt_id = excluded.attempt_id, settings = excluded.settings, kept_at = excluded.kept_at`,
    [json(rows)],
  )
}

export async function keptSettingsOf(
  db: Queryable,
  attemptId: string,
  deviceKey: string,
): Promise<Record<string, string> | undefined> {
  const [row] = await db.query<{ settings: Record<string, string> }>(
    `select settings from scheduler.kept_settings where attempt_id = $1 and device_key = $2`,
    [attemptId, deviceKey],
  )
  return row?.settings
}

export async function forgetSettings(tx: Queryable, upgradeIds: readonly string[]): Promise<void> {
  if (upgradeIds.length === 0) return
  await tx.query(`delete from scheduler.kept_settings where upgrade_id = any($1)`, [upgradeIds])
}
