import type { ReleaseStatement } from '@sluice/contracts'
import { type KnownCounters, counterKey } from '@sluice/rollout'
import { type Queryable, json } from '@sluice/sql'

/** A release as the verifier told of it: what its vendor signed, and whether it was withdrawn since. */
export interface ReleaseRow {
  readonly releaseId: string
  readonly statement: ReleaseStatement
  readonly expiresAt: number
  readonly revokedReason: string | null
}

/** Told again, it changes nothing. */
export async function insertRelease(tx: Queryable, releaseId: string, statement: ReleaseStatement): Promise<void> {
  const { image, expires } = statement
  await tx.query(
    `insert into scheduler.releases (release_id, sha256, size, statement, expires_at) values ($1, $2, $3, $4, $5)
     on conflict do nothing`,
    [releaseId, image.sha256, image.size, json(statement), Date.parse(expires)],
  )
}

/** For good, and even where the release itself has not been heard of yet. */
export async function insertRevokedRelease(
  tx: Queryable,
  releaseId: string,
  reason: string,
  at: number,
): Promise<void> {
  await tx.query(
    `insert into scheduler.revoked_releases (release_id, reason, at) values ($1, $2, $3) on conflict do nothing`,
    [releaseId, reason, at],
  )
}

/** All that state something of exactly these bytes, whether they hold or not. */
export function releasesOfImage(db: Queryable, image: { sha256: string; size: number }): Promise<ReleaseRow[]> {
  return db.query<ReleaseRow>(
    `select release_id as "releaseId", statement, expires_at as "expiresAt", v.reason as "revokedReason"
     from scheduler.releases left join scheduler.revoked_releases v using (release_id)
     where sha256 = $1 and size = $2 order by release_id`,
    [image.sha256, image.size],
  )
}

/**
 * Behind the versions that models report, by the releases for them that nobody revoked. Where two report one version, a
 * device that reports it may run either: it is taken to run the later one. `versions`: those that are asked about;
 * undefined: all of the product lines.
 */
export async function countersOfLines(
  db: Queryable,
  products: readonly string[],
  versions?: readonly string[],
): Promise<KnownCounters> {
  if (products.length === 0) return new Map()
  const rows = await db.query<{ product: string; oui: string; productClass: string; version: string; counter: number }>(
    `select statement->>'product' as product, model->>'oui' as oui, model->>'productClass' as "productClass", version,
       max((statement->>'counter')::bigint) as counter
     from scheduler.releases left join scheduler.revoked_releases v using (release_id)
       cross join jsonb_array_elements_text(statement->'softwareVersions') as reported (version)
       cross join jsonb_array_elements(statement->'models') as named (model)
     where v.release_id is null and statement->>'product' = any($1) and ($2::text[] is null or version = any($2))
     group by 1, 2, 3, 4`,
    [[...new Set(products)], versions === undefined ? null : [...new Set(versions)]],
  )
  return new Map(rows.map((row) => [counterKey(row.product, row, row.version), row.counter]))
}
