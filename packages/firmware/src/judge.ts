export interface Model {
  readonly oui: string
  readonly productClass: string
}

/** A key of the trust store, as far as the verdict needs it. Times are milliseconds since the epoch. */
export interface TrustKey {
  readonly keyId: string
  readonly purposes: readonly ('image' | 'release')[]
  /** OUIs of the vendors it may sign for, and models of others. Nothing in both: any. */
  readonly ouis: readonly string[]
  readonly models: readonly Model[]
  /** False: a second person has to agree first, and has not. */
  readonly approved: boolean
  readonly validFrom: number | null
  readonly validUntil: number | null
  readonly revoked: boolean
}

/** A signature that came with the image, and what became of it when it was checked against the store. */
export interface PresentedSignature {
  readonly algorithm: string
  readonly outcome:
    | { readonly kind: 'verified'; readonly keyId: string }
    | { readonly kind: 'failed'; readonly code: SignatureFailure }
}

export type SignatureFailure =
  /** No key of the store is of the algorithm's kind. */
  | 'key_unknown'
  /** No key of the store verifies it: made by a key that is not in the store, or over other bytes. */
  | 'signature_invalid'
  | 'signature_malformed'
  | 'algorithm_not_supported'
  | 'image_too_large_for_algorithm'

export interface Case {
  /** What came with the image. A digest or size nobody declared is not held against it. */
  readonly declared: { readonly size: number | null; readonly sha256: string | null }
  readonly measured: { readonly size: number; readonly sha256: string }
  readonly fits: readonly Model[]
  readonly signatures: readonly PresentedSignature[]
  readonly keys: readonly TrustKey[]
  /** How many different keys have to vouch for the image. At least 1. */
  readonly requiredKeys: number
  readonly now: number
}

export type ReasonCode =
  | 'image_empty'
  | 'size_mismatch'
  | 'digest_mismatch'
  | 'model_missing'
  | 'unsigned'
  | 'key_revoked'
  | 'key_not_approved'
  | 'key_not_for_images'
  | 'key_not_yet_valid'
  | 'key_expired'
  | 'key_out_of_scope'
  | 'too_few_keys'
  | SignatureFailure

export interface Reason {
  readonly code: ReasonCode
  readonly detail: string
}

export interface Check {
  readonly check: 'size' | 'sha256' | 'model' | 'signature'
  readonly passed: boolean
  readonly keyId?: string
  readonly detail: string
}

export interface Verdict {
  readonly trusted: boolean
  /** Why not: every check that stands in the way, not only the first. Empty when trusted. */
  readonly reasons: readonly Reason[]
  readonly checks: readonly Check[]
}

/**
 * The verdict on an image. Trusted means: its bytes are the declared ones, enough different keys in force for all its
 * models signed them, and nobody presented a signature that is false.
 *
 * A good signature by a key that is revoked, expired or out of scope does not count and does not harm (vendors sign
 * twice while they change keys). One that no key verifies does harm: somebody claims what is not so.
 */
export function judge(the: Case): Verdict {
  const findings = [lookAtSize(the), lookAtDigest(the), lookAtModels(the)]
  const signatures = the.signatures.map((signature) => lookAtSignature(signature, the))
  const vouching = new Set(signatures.filter((finding) => finding.reason === null).map((finding) => finding.keyId))
  const required = Math.max(1, the.requiredKeys)
  const enough = vouching.size >= required

  const reasons = [...findings, ...signatures]
    .filter((finding) => !(enough && finding.harmless))
    .flatMap((finding) => finding.reason ?? [])
  if (the.signatures.length === 0) reasons.push({ code: 'unsigned', detail: 'no signature came with the image' })
  else if (!enough) reasons.push({ code: 'too_few_keys', detail: `${vouching.size} of ${required} keys vouch for it` })
  return { trusted: reasons.length === 0, reasons, checks: [...findings, ...signatures].map(asCheck) }
}

/** The keys that vouch for an image now: what is left when one of them is revoked decides whether trust holds. */
export function vouchingKeys(the: Pick<Case, 'fits' | 'keys' | 'now'>, keyIds: readonly string[]): Set<string> {
  const inForce = (keyId: string) => {
    const key = the.keys.find((candidate) => candidate.keyId === keyId)
    return key !== undefined && objectionTo(key, the) === null
  }
  return new Set(keyIds.filter(inForce))
}

interface Finding {
  readonly check: Check['check']
  readonly detail: string
  readonly keyId?: string
  readonly reason: Reason | null
  readonly harmless?: boolean
}

function lookAtSize({ declared, measured }: Case): Finding {
  if (measured.size === 0) return against('size', 'image_empty', 'the image has no bytes')
  if (declared.size === null || declared.size === measured.size) return inOrder('size', `${measured.size} bytes`)
  return against('size', 'size_mismatch', `declared ${declared.size} bytes, measured ${measured.size}`)
}

function lookAtDigest({ declared, measured }: Case): Finding {
  if (declared.sha256 === null || declared.sha256 === measured.sha256) return inOrder('sha256', measured.sha256)
  return against('sha256', 'digest_mismatch', `declared ${declared.sha256}, measured ${measured.sha256}`)
}

function lookAtModels({ fits }: Case): Finding {
  if (fits.length > 0) return inOrder('model', `${fits.length} named`)
  return against('model', 'model_missing', 'an image that names no model fits none')
}

const FAILURES: Readonly<Record<SignatureFailure, string>> = {
  key_unknown: 'no key of this kind is in the trust store',
  signature_invalid: 'no key of the trust store verifies it: made by an unknown key, or over other bytes',
  signature_malformed: 'not a signature of this algorithm',
  algorithm_not_supported: 'this algorithm is not supported',
  image_too_large_for_algorithm: 'the image is too large for an algorithm that needs it whole',
}

function lookAtSignature({ algorithm, outcome }: PresentedSignature, the: Case): Finding {
  if (outcome.kind === 'failed') return against('signature', outcome.code, `${algorithm}: ${FAILURES[outcome.code]}`)
  const { keyId } = outcome
  const key = the.keys.find((candidate) => candidate.keyId === keyId)
  if (key === undefined)
    return { ...against('signature', 'key_unknown', `${algorithm}: ${FAILURES.key_unknown}`), keyId }
  const objection = objectionTo(key, the)
  if (objection === null) return { ...inOrder('signature', `${algorithm} by ${keyId}`), keyId }
  return {
    ...against('signature', objection.code, `${algorithm} by ${keyId}: ${objection.detail}`),
    keyId,
    harmless: true,
  }
}

function objectionTo(key: TrustKey, { fits, now }: Pick<Case, 'fits' | 'now'>): Reason | null {
  if (key.revoked) return { code: 'key_revoked', detail: 'the key is revoked' }
  if (!key.approved) return { code: 'key_not_approved', detail: 'a second person has not agreed to the key' }
  if (!key.purposes.includes('image')) return { code: 'key_not_for_images', detail: 'the key may not sign images' }
  if (key.validFrom !== null && now < key.validFrom)
    return { code: 'key_not_yet_valid', detail: 'the key is not valid yet' }
  if (key.validUntil !== null && now >= key.validUntil) return { code: 'key_expired', detail: 'the key has expired' }
  const uncovered = fits.find((model) => !coversModel(key, model))
  if (uncovered === undefined) return null
  const { oui, productClass } = uncovered
  return { code: 'key_out_of_scope', detail: `the key may not sign for ${oui} ${productClass}` }
}

/** Whether a key may sign for a model at all. */
export function coversModel(
  { ouis, models }: Pick<TrustKey, 'ouis' | 'models'>,
  { oui, productClass }: Model,
): boolean {
  if (ouis.length === 0 && models.length === 0) return true
  return ouis.includes(oui) || models.some((model) => model.oui === oui && model.productClass === productClass)
}

function inOrder(check: Check['check'], detail: string): Finding {
  return { check, detail, reason: null }
}

function against(check: Check['check'], code: ReasonCode, detail: string): Finding {
  return { check, detail, reason: { code, detail } }
}

function asCheck({ check, detail, keyId, reason }: Finding): Check {
  return { check, passed: reason === null, ...(keyId === undefined ? {} : { keyId }), detail }
}
