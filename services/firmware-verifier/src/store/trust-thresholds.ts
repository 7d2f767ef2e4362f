import type { TrustThreshold } from '@sluice/contracts'
import { json, type Queryable } from '@sluice/sql'

export interface ThresholdRow {
  readonly oui: string
  /** Empty: all models of the vendor that have none of their own. */
  readonly product_class: string
  /** Null: nothing of its own holds, it was only proposed. */
  readonly required_keys: number | null
  readonly set_at: number
  readonly set_by: string
  readonly proposed: { readonly requiredKeys: number; readonly by: string; readonly at: number } | null
}

export async function thresholdRows(sql: Queryable): Promise<ThresholdRow[]> {
  return sql.query<ThresholdRow>('select * from verifier.trust_thresholds order by oui, product_class')
}

export async function saveThreshold(tx: Queryable, row: ThresholdRow): Promise<void> {
  await tx.query(
    `insert into verifier.trust_thresholds (oui, product_class, required_keys, set_at, set_by, proposed)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (oui, product_class) do update set required_keys = excluded.required_keys, set_at = excluded.set_at,
       set_by = excluded.set_by, proposed = excluded.proposed`,
    [
      row.oui,
      row.product_class,
      row.required_keys,
      row.set_at,
      row.set_by,
      row.proposed === null ? null : json(row.proposed),
    ],
  )
}

/**
 * How many keys one model takes: what was set for it, else for its vendor, else what holds everywhere. What is only
 * proposed has no say.
 */
export function requiredFor(
  { oui, productClass }: { readonly oui: string; readonly productClass: string },
  rows: readonly ThresholdRow[],
  elsewhere: number,
): number {
  const ofVendor = rows.filter((row) => row.oui === oui && row.required_keys !== null)
  const own = ofVendor.find((row) => row.product_class === productClass)
  return (own ?? ofVendor.find((row) => row.product_class === ''))?.required_keys ?? elsewhere
}

export function asMessage(row: ThresholdRow): TrustThreshold {
  const { proposed } = row
  return {
    oui: row.oui,
    productClass: row.product_class === '' ? null : row.product_class,
    requiredKeys: row.required_keys,
    setAt: new Date(row.set_at).toISOString(),
    setBy: row.set_by,
    proposed: proposed && { ...proposed, at: new Date(proposed.at).toISOString() },
  }
}
