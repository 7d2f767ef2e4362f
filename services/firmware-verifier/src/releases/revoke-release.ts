import { answered, refused, type InputOf, type Release, type releaseRevoke, type Reply } from '@sluice/contracts'
import type { OutEntry, Queryable } from '@sluice/sql'
import type { Parts } from '../parts.ts'
import type { TrustKeyRow } from '../store/trust-keys.ts'
import { revokedEvent } from './release-events.ts'
import { asMessage, findRelease, markRevoked, releasesLeaningOn, revokedLeaningOn } from './release-rows.ts'

/** Withdraws a release for good. Asked again, it answers the same, and tells it again to who may have lost it. */
export async function revokeRelease(
  { releaseId, reason, actor }: InputOf<typeof releaseRevoke>,
  parts: Parts,
): Promise<Reply<Release>> {
  const now = parts.clock.now()
  const row = await parts.sql.transaction(async (tx) => {
    const [revoked] = await markRevoked(tx, [releaseId], { at: now, by: actor, reason })
    const there = revoked ?? (await findRelease(tx, releaseId))
    if (there !== undefined) await parts.journal.append(tx, [revokedEvent(there, actor, parts, now)])
    return there
  })
  parts.relay.wake()
  return row === undefined ? refused('not_found', 'there is no such release') : answered(asMessage(row, now))
}

/** Revokes, with a key that is being revoked, every release that too few other keys vouch for; what is to be told of it. */
export async function fallWithKey(
  tx: Queryable,
  { keyId, keys, reason, actor }: FallenKey,
  parts: Parts,
  now: number,
): Promise<OutEntry[]> {
  const standing = new Set(keys.filter((key) => key.revoked_at === null).map((key) => key.key_id))
  const leaning = await releasesLeaningOn(tx, keyId)
  const falling = leaning.filter((row) => row.vouching_keys.filter((id) => standing.has(id)).length < row.required_keys)
  const why = `key ${keyId} was revoked: ${reason}`
  const ids = falling.map((row) => row.release_id)
  const fallen = await markRevoked(tx, ids, { at: now, by: actor, reason: why })
  return fallen.map((row) => revokedEvent(row, actor, parts, now))
}

/** Of releases that fell with a key before: what is to be told again to who may have lost it. */
export async function fallenWithKey(
  tx: Queryable,
  { keyId, actor }: Pick<FallenKey, 'keyId' | 'actor'>,
  parts: Parts,
  now: number,
): Promise<OutEntry[]> {
  return (await revokedLeaningOn(tx, keyId)).map((row) => revokedEvent(row, actor, parts, now))
}

export interface FallenKey {
  readonly keyId: string
  /** All of the store, as they are once it is revoked. */
  readonly keys: readonly TrustKeyRow[]
  readonly reason: string
  readonly actor: string
}
