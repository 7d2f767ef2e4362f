import type { Queryable } from '@sluice/sql'

export async function insertRevoked(tx: Queryable, artifactId: string, reason: string, at: number): Promise<void> {
  await tx.query(
    `insert into scheduler.revoked_artifacts (artifact_id, reason, at) values ($1, $2, $3) on conflict do nothing`,
    [artifactId, reason, at],
  )
}

export async function isRevoked(tx: Queryable, artifactId: string): Promise<boolean> {
  const rows = await tx.query(`select 1 from scheduler.revoked_artifacts where artifact_id = $1`, [artifactId])
  return rows.length > 0
}
