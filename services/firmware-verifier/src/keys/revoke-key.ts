import {
  answered,
  artifactRevoked,
  refused,
  type InputOf,
  type Reply,
  type TrustKey,
  type trustKeyRevoke,
} from '@sluice/contracts'
import { independent, readPublicKey, type PublicKey, type Voucher } from '@sluice/firmware'
import type { OutEntry, Queryable } from '@sluice/sql'
import type { Parts } from '../parts.ts'
import { fallenWithKey, fallWithKey } from '../releases/revoke-release.ts'
import { asMessage, insertKey, lockKeys, saveKey, type TrustKeyRow, UNTOUCHED } from '../store/trust-keys.ts'
import { verdictsLeaningOn, withdrawnLeaningOn, withdrawVerdicts } from '../store/verdicts.ts'

/**
 * Revokes a key for good, and with it every image and every release that too few other keys vouch for. Asked again, it
 * answers the same, and tells again what fell to who may have lost it. A key that the store does not have, as that of a
 * certificate between a key of the store and an image, is given itself.
 */
export async function revokeKey(input: InputOf<typeof trustKeyRevoke>, parts: Parts): Promise<Reply<TrustKey>> {
  const { keyId, publicKeyPem, reason, actor } = input
  const given = publicKeyPem === undefined ? undefined : readPublicKey(publicKeyPem)
  if (given?.kind === 'refused') return refused('invalid_request', `${given.code}: ${given.detail}`)
  if (given !== undefined && given.publicKey.keyId !== keyId) {
    return refused('invalid_request', `the key that was given is ${given.publicKey.keyId}`)
  }
  const now = parts.clock.now()
  const reply = await parts.sql.transaction(async (tx): Promise<Reply<TrustKey>> => {
    const keys = await lockKeys(tx)
    const there = keys.find((known) => known.key_id === keyId)
    const key = there ?? (given && neverTrusted(given.publicKey, actor, now))
    if (key === undefined) return refused('not_found', 'there is no such key')
    if (key.revoked_at !== null) {
      const fallen = await withdrawnLeaningOn(tx, keyId)
      await parts.journal.append(tx, [
        ...fallen.map((artifactId) => artifactEvent(artifactId, key, actor, parts, now)),
        ...(await fallenWithKey(tx, { keyId, actor }, parts, now)),
      ])
      return answered(asMessage(key, now))
    }
    if (there === undefined && !(await insertKey(tx, key))) {
      return refused('conflict', 'somebody else added this key at the same time')
    }
    const revoked = { ...key, revoked_at: now, revoked_by: actor, revoked_reason: reason }
    await saveKey(tx, revoked)
    const after = [...keys.filter((known) => known !== key), revoked]
    const fallen = await artifactsWithoutTrust(tx, keyId, after)
    await withdrawVerdicts(tx, fallen, now)
    await parts.journal.append(tx, [
      { direction: 'note', at: now, actor, kind: 'trust_key.revoked', data: { keyId, reason, artifactIds: fallen } },
      ...fallen.map((artifactId) => artifactEvent(artifactId, revoked, actor, parts, now)),
      ...(await fallWithKey(tx, { keyId, keys: after, reason, actor }, parts, now)),
    ])
    return answered(asMessage(revoked, now))
  })
  parts.relay.wake()
  return reply
}

/** Nobody has agreed to it, and nobody will: no signature is tried with it, and what it stands between falls. */
function neverTrusted({ keyId, pem }: PublicKey, actor: string, now: number): TrustKeyRow {
  return {
    key_id: keyId,
    name: 'never trusted',
    public_key_pem: pem,
    purposes: ['image'],
    ouis: [],
    models: [],
    valid_from: null,
    valid_until: null,
    succeeds: null,
    added_at: now,
    added_by: actor,
    approval_needed: true,
    ...UNTOUCHED,
  }
}

/** Says who revoked the key and why at first, whoever asks for it now. */
function artifactEvent(
  artifactId: string,
  { key_id, revoked_by, revoked_reason }: TrustKeyRow,
  actor: string,
  { ids }: Parts,
  at: number,
): OutEntry {
  const reason = `key ${key_id} was revoked: ${revoked_reason}`.slice(0, 512)
  const data = { artifactId, reason, actor: revoked_by! }
  return { direction: 'out', id: ids.event(), key: artifactId, at, actor, kind: artifactRevoked.name, data }
}

/** A key that has expired since still vouches for what it vouched for in its time: only a revocation takes that back. */
async function artifactsWithoutTrust(tx: Queryable, keyId: string, keys: readonly TrustKeyRow[]): Promise<string[]> {
  // Of the keys that stand between a key of the store and an image, only those in the store can be revoked.
  const gone = new Set(keys.filter((key) => key.revoked_at !== null).map((key) => key.key_id))
  const stands = ({ keyId: id, through }: Voucher) => [id, ...through].every((one) => !gone.has(one))
  const leaning = await verdictsLeaningOn(tx, keyId)
  return leaning
    .filter(({ vouchers, required_keys }) => independent(vouchers.filter(stands)).length < required_keys)
    .map((verdict) => verdict.artifact_id)
}
