import { isApproved, stateOf, type TrustKeyRow } from '../store/trust-keys.ts'

/** Signatures that name no key are tried with every key of their kind: those that may vouch have to stay few. */
const MAX_KEYS = 256
/** Of them, keys that a second person has not looked at: one person does not fill the store alone. */
const MAX_WAITING = 16

/** Why the store has no place for one more key; null: it has. What is revoked or has expired takes none. */
export function whyNoRoom(keys: readonly TrustKeyRow[], row: TrustKeyRow, now: number): string | null {
  const states = keys.map((key) => stateOf(key, now))
  const standing = states.filter((state) => state !== 'revoked' && state !== 'expired').length
  if (standing >= MAX_KEYS) return `there are ${MAX_KEYS} keys already that are neither revoked nor expired`
  const waiting = states.filter((state) => state === 'awaiting_approval').length
  if (isApproved(row) || waiting < MAX_WAITING) return null
  return `${MAX_WAITING} keys wait for a second person already`
}
