import { answered, refused, type InputOf, type Reply, type TrustKey, type trustKeyLimit } from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { asMessage, lockKeys, saveKey, type TrustKeyRow, type Validity } from '../store/trust-keys.ts'
import { msOf } from './add-key.ts'

/**
 * Sets when a key may sign. What takes trust away holds at once; what gives more waits, where a second person is asked
 * for, until that person agreed.
 */
export async function limitKey(input: InputOf<typeof trustKeyLimit>, parts: Parts): Promise<Reply<TrustKey>> {
  const { keyId, actor } = input
  const now = parts.clock.now()
  const wanted: Validity = { validFrom: msOf(input.validFrom), validUntil: msOf(input.validUntil) }
  return parts.sql.transaction(async (tx) => {
    const key = (await lockKeys(tx)).find((known) => known.key_id === keyId)
    if (key === undefined) return refused('not_found', 'there is no such key')
    if (key.revoked_at !== null) return refused('conflict', 'this key was revoked; it stays so')
    const waits = parts.settings.secondPerson && isLonger(wanted, key)
    const changed: TrustKeyRow = waits
      ? { ...key, proposed: { ...wanted, by: actor, at: now } }
      : { ...key, valid_from: wanted.validFrom, valid_until: wanted.validUntil, proposed: null }
    await saveKey(tx, changed)
    const kind = waits ? 'trust_key.validity_proposed' : 'trust_key.limited'
    await parts.journal.append(tx, [{ direction: 'note', at: now, actor, kind, data: { keyId, ...wanted } }])
    return answered(asMessage(changed, now))
  })
}

function isLonger(wanted: Validity, { valid_from, valid_until }: TrustKeyRow): boolean {
  const from = (time: number | null) => time ?? -Infinity
  const until = (time: number | null) => time ?? Infinity
  return from(wanted.validFrom) < from(valid_from) || until(wanted.validUntil) > until(valid_until)
}
