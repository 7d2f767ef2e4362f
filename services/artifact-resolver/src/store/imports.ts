import type { Queryable } from '@sluice/sql'
import type { ArtifactRow } from './artifacts.ts'

/** Takes the next source to fetch; nobody else gets it before `leaseUntil`. The try counts once it has come to something. */
export async function claimImport(sql: Queryable, now: number, leaseUntil: number): Promise<ArtifactRow | null> {
  const rows = await sql.query<ArtifactRow>(
    `update resolver.artifacts set import_due_at = $2
     where artifact_id = (
       select artifact_id from resolver.artifacts where import_due_at <= $1
       order by import_due_at limit 1 for update skip locked)
     returning *`,
    [now, leaseUntil],
  )
  return rows[0] ?? null
}

/** To be fetched again at `dueAt`, after so many tries that were the source's. `detail` says what went wrong; null: nothing did. */
export async function postponeImport(
  sql: Queryable,
  {
    artifactId,
    dueAt,
    attempts,
    detail,
  }: {
    readonly artifactId: string
    readonly dueAt: number
    readonly attempts: number
    readonly detail: string | null
  },
): Promise<void> {
  await sql.query(
    `update resolver.artifacts set import_due_at = $2, import_attempts = $3, import_detail = coalesce($4, import_detail)
     where artifact_id = $1 and import_due_at is not null`,
    [artifactId, dueAt, attempts, detail],
  )
}

/** What the last try came to, for an artifact that is settled in the same transaction. */
export async function noteImport(tx: Queryable, artifactId: string, detail: string): Promise<void> {
  await tx.query(
    `update resolver.artifacts set import_attempts = import_attempts + 1, import_detail = $2 where artifact_id = $1`,
    [artifactId, detail],
  )
}
