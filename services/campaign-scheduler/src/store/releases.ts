import type { ReleaseStatement } from '@sluice/contracts'
import type { KnownCounters } from '@sluice/rollout'
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
  const { product, counter, image, softwareVersions, expires } = statement
  await tx.query(
    `insert into scheduler.releases (release_id, sha256, size, statement, expires_at) values ($1, $2, $3, $4, $5)
     on conflict do nothing`,
    [releaseId, image.sha256, image.size, json(statement), Date.parse(expires)],
  )
  // Where two releases report one version, a device that reports it may run either: it is taken to run the later one.
  await tx.query(
    `insert into scheduler.release_versions as known (product, version, counter)
     select $1, version, $2 from unnest($3::text[]) version order by version
     on conflict (product, version) do update set counter = greatest(known.counter, excluded.counter)`,
    [product, counter, softwareVersions],
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

/** `versions`: those that are asked about; undefined: all of the product lines. */
export async function countersOfLines(
  db: Queryable,
  products: readonly string[],
  versions?: readonly string[],
): Promise<KnownCounters> {
  if (products.length === 0) return new Map()
  const rows = await db.query<{ product: string; version: string; counter: number }>(
    `select product, version, counter from scheduler.release_versions
     where product = any($1) and ($2::text[] is null or version = any($2))`,
    [[...new Set(products)], versions === undefined ? null : [...new Set(versions)]],
  )
  const byLine = Map.groupBy(rows, ({ product }) => product)
  return new Map([...byLine].map(([product, own]) => [product, new Map(own.map((row) => [row.version, row.counter]))]))
}
