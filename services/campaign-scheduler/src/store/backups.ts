import type { Queryable } from '@sluice/sql'
import type { Backup } from '../upgrade/backup-step.ts'

export async function backupsOf(db: Queryable, upgradeIds: readonly string[]): Promise<Map<string, Backup>> {
  if (upgradeIds.length === 0) return new Map()
  const rows = await db.query<{ upgradeId: string } & Backup>(
    `select upgrade_id as "upgradeId", asked_at as "askedAt", received_at as "receivedAt" from scheduler.backups
     where upgrade_id = any($1)`,
    [upgradeIds],
  )
  return new Map(rows.map(({ upgradeId, ...backup }) => [upgradeId, backup]))
}

export async function markBackupAsked(tx: Queryable, upgradeId: string, at: number): Promise<void> {
  await tx.query(
    `insert into scheduler.backups (upgrade_id, asked_at) values ($1, $2)
     on conflict (upgrade_id) do update set asked_at = excluded.asked_at`,
    [upgradeId, at],
  )
}

/** False: it was received before, or nobody asked for it. */
export async function markBackupReceived(tx: Queryable, upgradeId: string, at: number): Promise<boolean> {
  const rows = await tx.query(
    `update scheduler.backups set received_at = $2 where upgrade_id = $1 and received_at is null returning 1`,
    [upgradeId, at],
  )
  return rows.length > 0
}
