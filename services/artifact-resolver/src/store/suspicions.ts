import type { Queryable } from '@sluice/sql'
import type { ArtifactRow } from './artifacts.ts'

/** Has what devices are sent of these hashed again: now, or `restMs` after that was begun the last time. */
export async function insertSuspicions(
  sql: Queryable,
  artifactIds: readonly string[],
  { now, restMs }: { readonly now: number; readonly restMs: number },
): Promise<ArtifactRow[]> {
  return sql.query<ArtifactRow>(
    `update resolver.artifacts set recheck_due_at = greatest($2::bigint, coalesce(rechecked_at, 0) + $3::bigint)
     where artifact_id = any($1) and status = 'trusted' and recheck_due_at is null returning *`,
    [[...artifactIds], now, restMs],
  )
}

/** Takes the next image of ours that is suspected; nobody else gets it before `leaseUntil`. */
export async function claimSuspected(sql: Queryable, now: number, leaseUntil: number): Promise<ArtifactRow | null> {
  const rows = await sql.query<ArtifactRow>(
    `update resolver.artifacts set recheck_due_at = $2, rechecked_at = $1
     where artifact_id = (
       select artifact_id from resolver.artifacts
       where hosting = 'file_server' and status = 'trusted' and recheck_due_at <= $1
       order by recheck_due_at limit 1 for update skip locked)
     returning *`,
    [now, leaseUntil],
  )
  return rows[0] ?? null
}

/** Null: it is not suspected any more. */
export async function setRecheck(sql: Queryable, artifactId: string, dueAt: number | null): Promise<void> {
  await sql.query('update resolver.artifacts set recheck_due_at = $2 where artifact_id = $1', [artifactId, dueAt])
}

/** Those that are sent from the same file of ours. */
export async function trustedCopiesOf(sql: Queryable, sha256: string): Promise<{ readonly artifact_id: string }[]> {
  return sql.query(
    `select artifact_id from resolver.artifacts where sha256 = $1 and hosting = 'file_server' and status = 'trusted'`,
    [sha256],
  )
}
