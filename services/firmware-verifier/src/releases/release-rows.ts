import type { Release, ReleaseEnvelope, ReleaseLine, ReleaseStatement } from '@sluice/contracts'
import { isExpired } from '@sluice/firmware'
import { json, type Queryable } from '@sluice/sql'

export interface ReleaseRow {
  readonly release_id: string
  readonly product: string
  readonly sha256: string
  readonly statement: ReleaseStatement
  readonly envelope: ReleaseEnvelope
  readonly vouching_keys: string[]
  /** How many of them it took when it was looked at. */
  readonly required_keys: number
  readonly added_at: number
  readonly added_by: string
  readonly revoked_at: number | null
  readonly revoked_by: string | null
  readonly revoked_reason: string | null
}

export async function findRelease(sql: Queryable, releaseId: string): Promise<ReleaseRow | undefined> {
  const [row] = await sql.query<ReleaseRow>('select * from verifier.releases where release_id = $1', [releaseId])
  return row
}

/** Newest first; `before` is where the page before ended. */
export async function pageReleases(
  sql: Queryable,
  of: { readonly product: string | null; readonly sha256: string | null },
  before: { readonly at: number; readonly releaseId: string } | null,
  limit: number,
): Promise<ReleaseRow[]> {
  return sql.query<ReleaseRow>(
    `select * from verifier.releases
     where ($1::text is null or product = $1) and ($2::text is null or sha256 = $2)
       and ($3::bigint is null or (added_at, release_id) < ($3, $4))
     order by added_at desc, release_id desc limit $5`,
    [of.product, of.sha256, before?.at ?? null, before?.releaseId ?? null, limit],
  )
}

/**
 * Other bytes that its counter stands for on one of its models, by a release that was there first, revoked or not. Who
 * adds one at the same time waits. Of models that a key may not sign for, it says nothing by naming their product line.
 */
export async function otherBytesOf(
  tx: Queryable,
  { product, counter, models, image }: ReleaseStatement,
): Promise<string | undefined> {
  await tx.query('lock table verifier.releases in share row exclusive mode')
  const [row] = await tx.query<{ sha256: string }>(
    `select sha256 from verifier.releases
     where product = $1 and (statement->>'counter')::bigint = $2 and sha256 <> $3
       and exists (select 1 from jsonb_array_elements($4::jsonb) as wanted (model)
         where statement->'models' @> jsonb_build_array(model))
     limit 1`,
    [product, counter, image.sha256, json(models.map(({ oui, productClass }) => ({ oui, productClass })))],
  )
  return row?.sha256
}

export async function insertRelease(tx: Queryable, row: ReleaseRow): Promise<void> {
  await tx.query(
    `insert into verifier.releases (release_id, product, sha256, statement, envelope, vouching_keys, required_keys,
       added_at, added_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      row.release_id,
      row.product,
      row.sha256,
      json(row.statement),
      json(row.envelope),
      row.vouching_keys,
      row.required_keys,
      row.added_at,
      row.added_by,
    ],
  )
}

/** More keys vouch for it than did. */
export async function saveSigners(tx: Queryable, row: ReleaseRow): Promise<void> {
  await tx.query('update verifier.releases set envelope = $2, vouching_keys = $3 where release_id = $1', [
    row.release_id,
    json(row.envelope),
    row.vouching_keys,
  ])
}

/** Those that stand and lean on this key, locked. */
export async function releasesLeaningOn(tx: Queryable, keyId: string): Promise<ReleaseRow[]> {
  return tx.query<ReleaseRow>(
    `select * from verifier.releases where revoked_at is null and vouching_keys @> $1 order by release_id for update`,
    [[keyId]],
  )
}

/** Those that leaned on this key and are revoked, for whatever reason. */
export async function revokedLeaningOn(tx: Queryable, keyId: string): Promise<ReleaseRow[]> {
  return tx.query<ReleaseRow>(
    `select * from verifier.releases where revoked_at is not null and vouching_keys @> $1 order by release_id`,
    [[keyId]],
  )
}

/** Those that stood until now. */
export async function markRevoked(
  tx: Queryable,
  releaseIds: readonly string[],
  { at, by, reason }: { readonly at: number; readonly by: string; readonly reason: string },
): Promise<ReleaseRow[]> {
  return tx.query<ReleaseRow>(
    `update verifier.releases set revoked_at = $2, revoked_by = $3, revoked_reason = $4
     where release_id = any($1) and revoked_at is null returning *`,
    [[...releaseIds], at, by, reason],
  )
}

export function asMessage(row: ReleaseRow, now: number): Release {
  return {
    releaseId: row.release_id,
    statement: row.statement,
    status: statusOf(row, now),
    keyIds: row.vouching_keys,
    envelope: row.envelope,
    addedAt: new Date(row.added_at).toISOString(),
    addedBy: row.added_by,
    revokedAt: row.revoked_at === null ? null : new Date(row.revoked_at).toISOString(),
    revokedBy: row.revoked_by,
    revokedReason: row.revoked_reason,
  }
}

export function asLine(row: ReleaseRow, now: number): ReleaseLine {
  const { vendor, product, version, counter, image, expires } = row.statement
  return {
    releaseId: row.release_id,
    vendor,
    product,
    version,
    counter,
    sha256: image.sha256,
    status: statusOf(row, now),
    expires,
    addedAt: new Date(row.added_at).toISOString(),
  }
}

function statusOf({ revoked_at, statement }: ReleaseRow, now: number): Release['status'] {
  if (revoked_at !== null) return 'revoked'
  return isExpired(statement, now) ? 'expired' : 'in_force'
}
