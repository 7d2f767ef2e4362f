import { signersOf } from '../dsse.ts'
import { type TrustKey, coversModel } from '../judge-keys.ts'
import type { PublicKey } from '../signatures/public-key.ts'
import type { ReleaseEnvelope } from './release-envelope.ts'
import type { ReleaseStatement } from './statement.ts'

/** A key of the store. */
export interface ReleaseKey {
  readonly publicKey: PublicKey
  readonly trust: TrustKey
}

export type ReleaseReasonCode =
  | 'unsigned'
  /** The key that a signature names is not in the store. */
  | 'key_unknown'
  /** The key it names did not make it, or not over this statement. */
  | 'signature_invalid'
  | 'too_few_keys'
  | 'release_expired'

export interface ReleaseReason {
  readonly code: ReleaseReasonCode
  readonly detail: string
}

export type JudgedRelease =
  | { readonly kind: 'accepted'; readonly vouching: readonly string[] }
  | { readonly kind: 'refused'; readonly reasons: readonly ReleaseReason[] }

export interface ReleaseCase {
  readonly release: Pick<ReleaseEnvelope, 'envelope' | 'statement'>
  /** All of the store, those that may not sign releases too. */
  readonly keys: readonly ReleaseKey[]
  /** How many different keys have to vouch for it. At least 1. */
  readonly requiredKeys: number
  readonly now: number
}

/**
 * Whether a release holds now. Enough different keys, in force and for all its models, have to vouch for it; and nobody
 * may have presented a signature that is false, or by a key that nobody knows, as with images.
 */
export function judgeRelease({ release, keys, requiredKeys, now }: ReleaseCase): JudgedRelease {
  const { envelope, statement } = release
  const reasons: ReleaseReason[] = []
  for (const { keyid } of envelope.signatures) {
    const key = keys.find(({ publicKey }) => publicKey.keyId === keyid)
    if (key === undefined) reasons.push({ code: 'key_unknown', detail: `there is no key ${keyid} in the trust store` })
    else if (!hasSigned(envelope, key.publicKey)) {
      reasons.push({ code: 'signature_invalid', detail: `key ${keyid} did not sign this statement` })
    }
  }
  const signers = [...new Set(envelope.signatures.map(({ keyid }) => keyid))]
  const vouching = keys
    .filter(({ publicKey, trust }) => signers.includes(publicKey.keyId) && mayVouch(trust, statement, now))
    .map(({ publicKey }) => publicKey.keyId)
  const required = Math.max(1, requiredKeys)
  if (signers.length === 0) reasons.push({ code: 'unsigned', detail: 'nobody signed it' })
  else if (vouching.length < required) {
    reasons.push({ code: 'too_few_keys', detail: `${vouching.length} of ${required} keys vouch for it` })
  }
  if (isExpired(statement, now)) reasons.push({ code: 'release_expired', detail: `it expired ${statement.expires}` })
  return reasons.length === 0 ? { kind: 'accepted', vouching } : { kind: 'refused', reasons }
}

export function isExpired({ expires }: Pick<ReleaseStatement, 'expires'>, now: number): boolean {
  return now >= Date.parse(expires)
}

/** A signature by a key that may not vouch does not count, and does no harm: vendors sign twice while they change keys. */
function mayVouch(trust: TrustKey, { models }: Pick<ReleaseStatement, 'models'>, now: number): boolean {
  const { revoked, approved, purposes, validFrom, validUntil } = trust
  const isInForce = !revoked && approved && (validFrom ?? now) <= now && now < (validUntil ?? Infinity)
  return isInForce && purposes.includes('release') && models.every((model) => coversModel(trust, model))
}

/** Every signature that bears its name is its own. */
function hasSigned(envelope: ReleaseEnvelope['envelope'], key: PublicKey): boolean {
  return envelope.signatures
    .filter(({ keyid }) => keyid === key.keyId)
    .every((signature) => signersOf({ ...envelope, signatures: [signature] }, envelope.payloadType, [key]).size === 1)
}
