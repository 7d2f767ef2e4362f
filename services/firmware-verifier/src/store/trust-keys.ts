import type { TrustKey as TrustKeyMessage } from '@sluice/contracts'
import { algorithmsOf, readPublicKey, type PublicKey, type TrustKey } from '@sluice/firmware'
import type { Queryable } from '@sluice/sql'

export interface TrustKeyRow {
  readonly key_id: string
  readonly name: string
  readonly public_key_pem: string
  readonly ouis: string[]
  readonly added_at: number
  readonly added_by: string
  readonly revoked_at: number | null
  readonly revoked_by: string | null
  readonly revoked_reason: string | null
}

export async function listKeys(sql: Queryable): Promise<TrustKeyRow[]> {
  return sql.query<TrustKeyRow>('select * from verifier.trust_keys order by added_at, key_id')
}

/** All keys, held as they are until the transaction ends: a verdict and a revocation never pass each other unseen. */
export async function holdKeys(tx: Queryable): Promise<TrustKey[]> {
  return (await tx.query<TrustKeyRow>('select * from verifier.trust_keys order by key_id for share')).map(asTrustKey)
}

export async function insertKey(tx: Queryable, row: TrustKeyRow): Promise<boolean> {
  const inserted = await tx.query(
    `insert into verifier.trust_keys (key_id, name, public_key_pem, ouis, added_at, added_by)
     values ($1, $2, $3, $4, $5, $6) on conflict (key_id) do nothing returning key_id`,
    [row.key_id, row.name, row.public_key_pem, row.ouis, row.added_at, row.added_by],
  )
  return inserted.length === 1
}

/** The whole store, held by who is about to change it: always all keys in one order, so that nobody waits in a circle. */
export async function lockKeys(tx: Queryable): Promise<TrustKeyRow[]> {
  return tx.query<TrustKeyRow>('select * from verifier.trust_keys order by key_id for update')
}

export async function markKeyRevoked(
  tx: Queryable,
  { keyId, at, by, reason }: { keyId: string; at: number; by: string; reason: string },
): Promise<void> {
  await tx.query(
    'update verifier.trust_keys set revoked_at = $2, revoked_by = $3, revoked_reason = $4 where key_id = $1',
    [keyId, at, by, reason],
  )
}

/** For checking signatures: revoked keys too, so that the verdict can name them. */
export function asPublicKey(row: TrustKeyRow): PublicKey {
  const read = readPublicKey(row.public_key_pem)
  if (read.kind === 'refused') throw new Error(`key ${row.key_id} of the trust store cannot be read: ${read.code}`)
  return read.publicKey
}

export function asMessage(row: TrustKeyRow): TrustKeyMessage {
  return {
    keyId: row.key_id,
    name: row.name,
    publicKeyPem: row.public_key_pem,
    algorithms: algorithmsOf(asPublicKey(row).family),
    ouis: row.ouis,
    addedAt: new Date(row.added_at).toISOString(),
    addedBy: row.added_by,
    revokedAt: row.revoked_at === null ? null : new Date(row.revoked_at).toISOString(),
    revokedBy: row.revoked_by,
    revokedReason: row.revoked_reason,
  }
}

function asTrustKey(row: TrustKeyRow): TrustKey {
  return { keyId: row.key_id, ouis: row.ouis, validFrom: null, validUntil: null, revoked: row.revoked_at !== null }
}
