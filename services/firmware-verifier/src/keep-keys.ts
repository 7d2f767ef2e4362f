import {
  answered,
  artifactRevoked,
  refused,
  type InputOf,
  type Reply,
  type TrustKey as TrustKeyMessage,
  type trustKeyAdd,
  type trustKeyRevoke,
} from '@sluice/contracts'
import { readPublicKey, vouchingKeys } from '@sluice/firmware'
import type { Queryable } from '@sluice/sql'
import type { Parts } from './parts.ts'
import {
  asMessage,
  holdKeys,
  insertKey,
  listKeys,
  lockKeys,
  markKeyRevoked,
  type TrustKeyRow,
} from './store/trust-keys.ts'
import { verdictsLeaningOn, withdrawVerdicts } from './store/verdicts.ts'

/** Every signature is tried with every key of its kind: the store has to stay small. */
const MAX_KEYS = 256

/** Adds a public key. The same key with the same name and vendors again changes nothing; a revoked key never comes back. */
export async function addKey(input: InputOf<typeof trustKeyAdd>, parts: Parts): Promise<Reply<TrustKeyMessage>> {
  const read = readPublicKey(input.publicKeyPem)
  if (read.kind === 'refused') return refused('invalid_request', `${read.code}: ${read.detail}`)
  const { keyId, pem } = read.publicKey
  const now = parts.clock.now()
  const row: TrustKeyRow = {
    key_id: keyId,
    name: input.name,
    public_key_pem: pem,
    ouis: [...new Set(input.ouis)].toSorted(),
    added_at: now,
    added_by: input.actor,
    revoked_at: null,
    revoked_by: null,
    revoked_reason: null,
  }
  return parts.sql.transaction(async (tx) => {
    if ((await listKeys(tx)).length >= MAX_KEYS) return refused('conflict', `there are ${MAX_KEYS} keys already`)
    if (await insertKey(tx, row)) {
      const data = { keyId, name: row.name, ouis: row.ouis }
      await parts.journal.append(tx, [
        { direction: 'note', at: now, actor: input.actor, kind: 'trust_key.added', data },
      ])
      return answered(asMessage(row))
    }
    const there = (await lockKeys(tx)).find((known) => known.key_id === keyId)
    if (there === undefined || there.public_key_pem !== pem) return refused('conflict', 'another key has this id')
    if (there.revoked_at !== null) return refused('conflict', 'this key was revoked; it stays so')
    const same = there.name === row.name && there.ouis.join() === row.ouis.join()
    return same ? answered(asMessage(there)) : refused('conflict', `this key is there already, as ${there.name}`)
  })
}

export async function listAllKeys(parts: Parts): Promise<Reply<{ items: TrustKeyMessage[] }>> {
  return answered({ items: (await listKeys(parts.sql)).map(asMessage) })
}

/** Revokes a key for good, and with it every image that too few other keys vouch for. */
export async function revokeKey(input: InputOf<typeof trustKeyRevoke>, parts: Parts): Promise<Reply<TrustKeyMessage>> {
  const { keyId, reason, actor } = input
  const now = parts.clock.now()
  const reply = await parts.sql.transaction(async (tx): Promise<Reply<TrustKeyMessage>> => {
    const key = (await lockKeys(tx)).find((known) => known.key_id === keyId)
    if (key === undefined) return refused('not_found', 'there is no such key')
    if (key.revoked_at !== null) return answered(asMessage(key))
    await markKeyRevoked(tx, { keyId, at: now, by: actor, reason })
    const fallen = await artifactsWithoutTrust(tx, keyId, now, parts.settings.requiredKeys)
    await withdrawVerdicts(tx, fallen, now)
    await parts.journal.append(tx, [
      { direction: 'note', at: now, actor, kind: 'trust_key.revoked', data: { keyId, reason, artifactIds: fallen } },
      ...fallen.map((artifactId) => ({
        direction: 'out' as const,
        id: parts.ids.event(),
        key: artifactId,
        at: now,
        actor,
        kind: artifactRevoked.name,
        data: { artifactId, reason: `key ${keyId} was revoked: ${reason}`.slice(0, 512), actor },
      })),
    ])
    return answered(asMessage({ ...key, revoked_at: now, revoked_by: actor, revoked_reason: reason }))
  })
  parts.relay.wake()
  return reply
}

async function artifactsWithoutTrust(
  tx: Queryable,
  keyId: string,
  now: number,
  requiredKeys: number,
): Promise<string[]> {
  const keys = await holdKeys(tx)
  const leaning = await verdictsLeaningOn(tx, keyId)
  return leaning
    .filter(
      (verdict) =>
        vouchingKeys({ fits: verdict.fits, keys, now }, verdict.vouching_keys).size < Math.max(1, requiredKeys),
    )
    .map((verdict) => verdict.artifact_id)
}
