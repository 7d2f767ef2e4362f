import { answered, refused, type InputOf, type Reply, type TrustKey, type trustKeyApprove } from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { asMessage, isApproved, lockKeys, saveKey, type TrustKeyRow, type Validity } from '../store/trust-keys.ts'
import { msOf } from './add-key.ts'

type Input = InputOf<typeof trustKeyApprove>

/**
 * A second person has looked at a key, or at its longer validity: whoever asked for it cannot. What holds afterwards is
 * what they saw: something else may have been asked for since.
 */
export async function approveKey({ keyId, validity, actor }: Input, parts: Parts): Promise<Reply<TrustKey>> {
  const now = parts.clock.now()
  return parts.sql.transaction(async (tx) => {
    const key = (await lockKeys(tx)).find((known) => known.key_id === keyId)
    if (key === undefined) return refused('not_found', 'there is no such key')
    if (key.revoked_at !== null) return refused('conflict', 'this key was revoked; it stays so')
    const waiting = whatWaits(key)
    if (waiting === null) return refused('conflict', 'nothing waits for an approval')
    if (actor === waiting.askedBy) return refused('forbidden', 'another person than who asked for it has to approve it')
    if (!isSame(validity, waiting.validity)) return refused('conflict', `what waits is ${inWords(waiting.validity)}`)
    const approved = waiting.approve(actor, now)
    await saveKey(tx, approved)
    const data = { keyId, askedBy: waiting.askedBy, validFrom: approved.valid_from, validUntil: approved.valid_until }
    await parts.journal.append(tx, [{ direction: 'note', at: now, actor, kind: 'trust_key.approved', data }])
    return answered(asMessage(approved, now))
  })
}

interface Waiting {
  /** Null: the key itself waits. */
  readonly validity: Validity | null
  readonly askedBy: string
  approve(by: string, at: number): TrustKeyRow
}

/** The key itself comes first: its longer validity, if somebody asked for one, is agreed to after it. */
function whatWaits(key: TrustKeyRow): Waiting | null {
  const { proposed } = key
  if (!isApproved(key)) {
    return {
      validity: null,
      askedBy: key.added_by,
      approve: (by, at) => ({ ...key, approved_by: by, approved_at: at }),
    }
  }
  if (proposed === null) return null
  const { validFrom, validUntil } = proposed
  return {
    validity: { validFrom, validUntil },
    askedBy: proposed.by,
    // Who agreed to the key itself stays with it; who agreed to this stands in the journal.
    approve: () => ({ ...key, valid_from: validFrom, valid_until: validUntil, proposed: null }),
  }
}

function isSame(seen: Input['validity'], waits: Validity | null): boolean {
  if (seen === null || waits === null) return seen === waits
  return msOf(seen.validFrom) === waits.validFrom && msOf(seen.validUntil) === waits.validUntil
}

function inWords(validity: Validity | null): string {
  if (validity === null) return 'the key itself'
  const time = (at: number | null, none: string) => (at === null ? none : new Date(at).toISOString())
  return `a validity from ${time(validity.validFrom, 'ever')} until ${time(validity.validUntil, 'never')}`
}
