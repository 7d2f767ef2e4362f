import type { Queryable } from '@sluice/sql'

export async function insertRevoked(tx: Queryable, artifactId: string, reason: string, at: number): Promise<void> {
  await tx.query(
    `insert into scheduler.revoked_artifacts (artifact_id, reason, at) values ($1, $2, $3) on conflict do nothing`,
    [artifactId, reason, at],
  )
}

/** Whether trust in any of them was withdrawn. */
export async function areRevoked(tx: Queryable, artifactIds: readonly string[]): Promise<boolean> {
  const rows = await tx.query(`select 1 from scheduler.revoked_artifacts where artifact_id = any($1) limit 1`, [
    artifactIds,
  ])
  return rows.length > 0
}
