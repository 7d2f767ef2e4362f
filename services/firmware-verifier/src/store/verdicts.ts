import type { ModelFit, Verdict } from '@sluice/contracts'
import { json, type Queryable } from '@sluice/sql'

export interface VerdictRow {
  readonly artifact_id: string
  readonly sha256: string
  readonly fits: ModelFit[]
  readonly vouching_keys: string[]
  /** How many of them it takes. */
  readonly required_keys: number
}

export async function saveVerdict(
  tx: Queryable,
  saved: VerdictRow & { readonly verdict: Verdict; readonly judged_at: number },
): Promise<void> {
  await tx.query(
    `insert into verifier.verdicts (artifact_id, sha256, trusted, verdict, fits, vouching_keys,
       required_keys, judged_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (artifact_id, sha256) do update set trusted = excluded.trusted, verdict = excluded.verdict,
       fits = excluded.fits, vouching_keys = excluded.vouching_keys,
       required_keys = excluded.required_keys, judged_at = excluded.judged_at`,
    [
      saved.artifact_id,
      saved.sha256,
      saved.verdict.trusted,
      json(saved.verdict),
      json(saved.fits),
      saved.vouching_keys,
      saved.required_keys,
      saved.judged_at,
    ],
  )
}

/** What is trusted and leans on this key, locked. */
export async function verdictsLeaningOn(tx: Queryable, keyId: string): Promise<VerdictRow[]> {
  return tx.query<VerdictRow>(
    `select artifact_id, sha256, fits, vouching_keys, required_keys from verifier.verdicts
     where trusted and withdrawn_at is null and vouching_keys @> $1 order by artifact_id for update`,
    [[keyId]],
  )
}

export async function withdrawVerdicts(tx: Queryable, artifactIds: readonly string[], at: number): Promise<void> {
  await tx.query(
    'update verifier.verdicts set withdrawn_at = $2 where artifact_id = any($1) and withdrawn_at is null',
    [artifactIds, at],
  )
}
