import type { Queryable } from '@sluice/sql'
import type { ArtifactRow } from './artifacts.ts'

/** Takes the next image that is to be compared with its copy at the origin; nobody else gets it before `leaseUntil`. */
export async function claimOrigin(sql: Queryable, now: number, leaseUntil: number): Promise<ArtifactRow | null> {
  const rows = await sql.query<ArtifactRow>(
    `update resolver.artifacts set origin_due_at = $2, recheck_due_at = null, rechecked_at = $1
     where artifact_id = (
       select artifact_id from resolver.artifacts
       where hosting = 'origin' and status = 'trusted' and (coalesce(origin_due_at, 0) <= $1 or recheck_due_at <= $1)
       order by recheck_due_at, coalesce(origin_due_at, 0) limit 1 for update skip locked)
     returning *`,
    [now, leaseUntil],
  )
  return rows[0] ?? null
}

/** The copy is what was verified, byte for byte. */
export async function noteOriginSame(
  sql: Queryable,
  { artifactId, at, dueAt }: { readonly artifactId: string; readonly at: number; readonly dueAt: number },
): Promise<void> {
  await sql.query(
    `update resolver.artifacts set origin_checked_at = $2, origin_due_at = $3, origin_failures = 0, origin_detail = null
     where artifact_id = $1`,
    [artifactId, at, dueAt],
  )
}

/** The copy could not be read: nothing is known of it. Resolves to the row as it is now. */
export async function noteOriginAway(
  sql: Queryable,
  { artifactId, dueAt, detail }: { readonly artifactId: string; readonly dueAt: number; readonly detail: string },
): Promise<ArtifactRow | null> {
  const rows = await sql.query<ArtifactRow>(
    `update resolver.artifacts set origin_due_at = $2, origin_failures = origin_failures + 1, origin_detail = $3
     where artifact_id = $1 returning *`,
    [artifactId, dueAt, detail],
  )
  return rows[0] ?? null
}

export async function postponeOrigin(sql: Queryable, artifactId: string, dueAt: number): Promise<void> {
  await sql.query('update resolver.artifacts set origin_due_at = $2 where artifact_id = $1', [artifactId, dueAt])
}
