import type { EmbeddedFinding } from './examine-image.ts'
import { against, inOrder, type Finding } from './finding.ts'
import type { Case, PresentedSignature, SignatureFailure } from './judge.ts'
import { objectionBetween, objectionTo } from './judge-keys.ts'

const FAILURES: Readonly<Record<SignatureFailure, string>> = {
  key_unknown: 'the trust store has no key of its kind, or not the one that it names',
  signature_invalid: 'no key of the trust store verifies it: made by an unknown key, or over other bytes',
  signature_malformed: 'not a signature of this algorithm',
  algorithm_not_supported: 'this algorithm is not supported',
  certificate_invalid: 'its certificates do not lead from a key of the trust store to the signer',
  certificate_not_yet_valid: 'a certificate of the signer is not valid yet',
  certificate_expired: 'a certificate of the signer has expired',
  certificate_revoked: 'a certificate of the signer is revoked',
  certificate_not_for_signing: 'a certificate of the signer is not for signing firmware',
}

/** As with keys: who is not in force vouches for nothing, and tells no lie. */
const NOT_IN_FORCE: ReadonlySet<SignatureFailure> = new Set([
  'certificate_not_yet_valid',
  'certificate_expired',
  'certificate_revoked',
])

/** A signature that the operator handed over with the image: whoever presents one says that it holds. */
export function lookAtDetached({ algorithm, outcome }: PresentedSignature, the: Case): Finding {
  return lookAtOutcome(algorithm, outcome, the, NOT_IN_FORCE)
}

/**
 * A signature that the image carries counts like any other. The vendor put it there, for keys that the operator may never
 * have taken into the store: one by a key that nobody knows says nothing, where enough others vouch.
 */
export function lookAtEmbedded({ what, strength, outcome }: EmbeddedFinding, the: Case): Finding {
  if (strength === 'legacy' && outcome.kind === 'verified') {
    const { keyId } = outcome
    const detail = `${what} by ${keyId}: holds, by a hash that can be forged: it never suffices`
    return { ...against('signature', 'signature_legacy', detail), keyId, harmless: true }
  }
  return lookAtOutcome(what, outcome, the, new Set([...NOT_IN_FORCE, 'key_unknown' as const]))
}

function lookAtOutcome(
  what: string,
  outcome: PresentedSignature['outcome'],
  the: Case,
  harmless: ReadonlySet<SignatureFailure>,
): Finding {
  if (outcome.kind === 'failed') {
    const finding = against('signature', outcome.code, `${what}: ${FAILURES[outcome.code]}`)
    return { ...finding, harmless: harmless.has(outcome.code) }
  }
  const { keyId, through = [] } = outcome
  const key = the.keys.find((candidate) => candidate.keyId === keyId)
  // It was in the store when the image was looked at; keys are never taken out of it.
  if (key === undefined) return { ...against('signature', 'key_unknown', `${what}: ${FAILURES.key_unknown}`), keyId }
  const objection = objectionTo(key, the.fits, the.now) ?? objectionBetween(through, the.keys)
  if (objection === null) return { ...inOrder('signature', `${what} by ${keyId}`), keyId, voucher: { keyId, through } }
  const finding = against('signature', objection.code, `${what} by ${keyId}: ${objection.detail}`)
  return { ...finding, keyId, harmless: true }
}
