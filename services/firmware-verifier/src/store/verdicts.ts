import type { ModelFit, Verdict } from '@sluice/contracts'
import type { Voucher } from '@sluice/firmware'
import { json, type Queryable } from '@sluice/sql'

export interface VerdictRow {
  readonly artifact_id: string
  readonly sha256: string
  readonly fits: ModelFit[]
  /** Each good signature, with the keys it leans on. */
  readonly vouchers: readonly Voucher[]
  /** How many of them it takes. */
  readonly required_keys: number
}

export async function saveVerdict(
  tx: Queryable,
  saved: VerdictRow & { readonly verdict: Verdict; readonly judged_at: number },
): Promise<void> {
  await tx.query(
    `insert into verifier.verdicts (artifact_id, sha256, trusted, verdict, fits, vouching_keys,
       vouchers, required_keys, judged_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (artifact_id, sha256) do update set trusted = excluded.trusted, verdict = excluded.verdict,
       fits = excluded.fits, vouching_keys = excluded.vouching_keys,
       vouchers = excluded.vouchers, required_keys = excluded.required_keys, judged_at = excluded.judged_at`,
    [
      saved.artifact_id,
      saved.sha256,
      saved.verdict.trusted,
      json(saved.verdict),
      json(saved.fits),
      [...new Set(saved.vouchers.flatMap(({ keyId, through }) => [keyId, ...through]))],
      json(saved.vouchers),
      saved.required_keys,
      saved.judged_at,
    ],
  )
}

/** What is trusted and leans on this key, locked. */
export async function verdictsLeaningOn(tx: Queryable, keyId: string): Promise<VerdictRow[]> {
  const rows = await tx.query<Omit<VerdictRow, 'vouchers'> & { vouchers: Voucher[] | null; vouching_keys: string[] }>(
    `select artifact_id, sha256, fits, vouching_keys, vouchers, required_keys from verifier.verdicts
     where trusted and withdrawn_at is null and vouching_keys @> $1 order by artifact_id for update`,
    [[keyId]],
  )
  return rows.map(({ vouchers, vouching_keys, ...row }) => ({
    ...row,
    vouchers: vouchers ?? vouching_keys.map((id) => ({ keyId: id, through: [] })),
  }))
}

/** Artifacts that were trusted, leaned on this key, and are trusted no more. */
export async function withdrawnLeaningOn(tx: Queryable, keyId: string): Promise<string[]> {
  const rows = await tx.query<{ artifact_id: string }>(
    `select artifact_id from verifier.verdicts
     where trusted and withdrawn_at is not null and vouching_keys @> $1 order by artifact_id`,
    [[keyId]],
  )
  return rows.map((row) => row.artifact_id)
}

export async function withdrawVerdicts(tx: Queryable, artifactIds: readonly string[], at: number): Promise<void> {
  await tx.query(
    'update verifier.verdicts set withdrawn_at = $2 where artifact_id = any($1) and withdrawn_at is null',
    [artifactIds, at],
  )
}

/** Of these artifacts, those that have their verdict. */
export async function judgedBefore(sql: Queryable, artifactIds: readonly string[]): Promise<Set<string>> {
  const rows = await sql.query<{ artifact_id: string }>(
    'select artifact_id from verifier.verdicts where artifact_id = any($1)',
    [[...artifactIds]],
  )
  return new Set(rows.map((row) => row.artifact_id))
}
