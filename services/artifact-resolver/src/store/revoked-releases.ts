import type { Queryable } from '@sluice/sql'

export async function insertRevokedReleases(tx: Queryable, releaseIds: readonly string[], at: number): Promise<void> {
  if (releaseIds.length === 0) return
  await tx.query(
    `insert into resolver.revoked_releases (release_id, at)
     select release_id, $2 from unnest($1::text[]) release_id order by release_id on conflict do nothing`,
    [[...releaseIds], at],
  )
}

/** Which of these were revoked. */
export async function revokedAmong(sql: Queryable, releaseIds: readonly string[]): Promise<ReadonlySet<string>> {
  if (releaseIds.length === 0) return new Set()
  const rows = await sql.query<{ id: string }>(
    'select release_id as id from resolver.revoked_releases where release_id = any($1)',
    [[...new Set(releaseIds)]],
  )
  return new Set(rows.map(({ id }) => id))
}
