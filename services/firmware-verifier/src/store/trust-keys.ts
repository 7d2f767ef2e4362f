import type { KeyPurpose, TrustKey as TrustKeyMessage } from '@sluice/contracts'
import { algorithmsOf, readPublicKey, type PublicKey, type TrustKey } from '@sluice/firmware'
import { json, type Queryable } from '@sluice/sql'

export interface TrustKeyRow {
  readonly key_id: string
  readonly name: string
  readonly public_key_pem: string
  readonly purposes: KeyPurpose[]
  readonly ouis: string[]
  readonly models: TrustKeyMessage['models']
  readonly valid_from: number | null
  readonly valid_until: number | null
  readonly succeeds: string | null
  readonly added_at: number
  readonly added_by: string
  readonly approval_needed: boolean
  readonly approved_at: number | null
  readonly approved_by: string | null
  /** A longer validity that waits for a second person. */
  readonly proposed: ProposedValidity | null
  readonly revoked_at: number | null
  readonly revoked_by: string | null
  readonly revoked_reason: string | null
}

/** Of a key that nobody has looked at since it was added. */
export const UNTOUCHED = {
  approved_at: null,
  approved_by: null,
  proposed: null,
  revoked_at: null,
  revoked_by: null,
  revoked_reason: null,
} as const

export interface Validity {
  readonly validFrom: number | null
  readonly validUntil: number | null
}

export interface ProposedValidity extends Validity {
  readonly by: string
  readonly at: number
}

export async function listKeys(sql: Queryable): Promise<TrustKeyRow[]> {
  return sql.query<TrustKeyRow>('select * from verifier.trust_keys order by added_at, key_id')
}

/** Newest first; `before` is where the page before ended. */
export async function pageKeys(
  sql: Queryable,
  before: { readonly at: number; readonly keyId: string } | null,
  limit: number,
): Promise<TrustKeyRow[]> {
  return sql.query<TrustKeyRow>(
    `select * from verifier.trust_keys where $1::bigint is null or (added_at, key_id) < ($1, $2)
     order by added_at desc, key_id desc limit $3`,
    [before?.at ?? null, before?.keyId ?? null, limit],
  )
}

/** All keys, held as they are until the transaction ends: a verdict and a revocation never pass each other unseen. */
export async function holdKeys(tx: Queryable): Promise<TrustKeyRow[]> {
  await tx.query('select 1 from verifier.trust_keys order by key_id for share')
  return asTheyAreNow(tx)
}

/** The whole store, held by who is about to change it: always all keys in one order, so that nobody waits in a circle. */
export async function lockKeys(tx: Queryable): Promise<TrustKeyRow[]> {
  await tx.query('select 1 from verifier.trust_keys order by key_id for update')
  return asTheyAreNow(tx)
}

/** What a statement had to wait for may have added a key: that statement does not see it, the next one does. */
async function asTheyAreNow(tx: Queryable): Promise<TrustKeyRow[]> {
  return tx.query<TrustKeyRow>('select * from verifier.trust_keys order by key_id')
}

export async function insertKey(tx: Queryable, row: TrustKeyRow): Promise<boolean> {
  const inserted = await tx.query(
    `insert into verifier.trust_keys (key_id, name, public_key_pem, purposes, ouis, models, valid_from, valid_until,
       succeeds, added_at, added_by, approval_needed)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict (key_id) do nothing returning key_id`,
    [
      row.key_id,
      row.name,
      row.public_key_pem,
      row.purposes,
      row.ouis,
      json(row.models),
      row.valid_from,
      row.valid_until,
      row.succeeds,
      row.added_at,
      row.added_by,
      row.approval_needed,
    ],
  )
  return inserted.length === 1
}

/** Writes what may change of a key: its validity, who agreed, and that it is revoked. */
export async function saveKey(tx: Queryable, row: TrustKeyRow): Promise<void> {
  await tx.query(
    `update verifier.trust_keys set valid_from = $2, valid_until = $3, approved_at = $4, approved_by = $5, proposed = $6,
       revoked_at = $7, revoked_by = $8, revoked_reason = $9
     where key_id = $1`,
    [
      row.key_id,
      row.valid_from,
      row.valid_until,
      row.approved_at,
      row.approved_by,
      row.proposed === null ? null : json(row.proposed),
      row.revoked_at,
      row.revoked_by,
      row.revoked_reason,
    ],
  )
}

/** For checking signatures: revoked keys too, so that the verdict can name them. */
export function asPublicKey(row: TrustKeyRow): PublicKey {
  const read = readPublicKey(row.public_key_pem)
  if (read.kind === 'refused') throw new Error(`key ${row.key_id} of the trust store cannot be read: ${read.code}`)
  return read.publicKey
}

export function asTrustKey(row: TrustKeyRow): TrustKey {
  return {
    keyId: row.key_id,
    purposes: row.purposes,
    ouis: row.ouis,
    models: row.models,
    approved: isApproved(row),
    validFrom: row.valid_from,
    validUntil: row.valid_until,
    revoked: row.revoked_at !== null,
  }
}

export function isApproved(row: TrustKeyRow): boolean {
  return !row.approval_needed || row.approved_at !== null
}

export function asMessage(row: TrustKeyRow, now: number): TrustKeyMessage {
  return {
    keyId: row.key_id,
    name: row.name,
    publicKeyPem: row.public_key_pem,
    algorithms: algorithmsOf(asPublicKey(row).family),
    purposes: row.purposes,
    ouis: row.ouis,
    models: row.models,
    validFrom: timeOf(row.valid_from),
    validUntil: timeOf(row.valid_until),
    succeeds: row.succeeds,
    state: stateOf(row, now),
    addedAt: new Date(row.added_at).toISOString(),
    addedBy: row.added_by,
    approval: { needed: row.approval_needed, givenBy: row.approved_by, givenAt: timeOf(row.approved_at) },
    proposed: row.proposed && {
      validFrom: timeOf(row.proposed.validFrom),
      validUntil: timeOf(row.proposed.validUntil),
      by: row.proposed.by,
      at: new Date(row.proposed.at).toISOString(),
    },
    revokedAt: timeOf(row.revoked_at),
    revokedBy: row.revoked_by,
    revokedReason: row.revoked_reason,
  }
}

export function stateOf(row: TrustKeyRow, now: number): TrustKeyMessage['state'] {
  if (row.revoked_at !== null) return 'revoked'
  if (!isApproved(row)) return 'awaiting_approval'
  if (row.valid_from !== null && now < row.valid_from) return 'not_yet_valid'
  return row.valid_until !== null && now >= row.valid_until ? 'expired' : 'in_force'
}

function timeOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}
