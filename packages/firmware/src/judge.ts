import type { Findings } from './examine-image.ts'
import { against, inOrder, type Finding } from './finding.ts'
import type { FormatRefusal } from './formats/format.ts'
import { independent } from './independent-vouchers.ts'
import type { Model, TrustKey } from './judge-keys.ts'
import { lookAtMetadata } from './judge-metadata.ts'
import { lookAtDetached, lookAtEmbedded } from './judge-signature.ts'

/** A signature that came with the image, and what became of it when it was checked against the store. */
export interface PresentedSignature {
  readonly algorithm: string
  readonly outcome:
    | {
        readonly kind: 'verified'
        readonly keyId: string
        /** Keys that stand between it and the image, by certificates, who signed among them: a revoked one spoils the signature. */
        readonly through?: readonly string[]
        /** The subjects of these certificates, from the signer to the anchor, for evidence. */
        readonly chain?: readonly string[]
      }
    | { readonly kind: 'failed'; readonly code: SignatureFailure }
}

export type SignatureFailure =
  /**
   * No key of the store is of the algorithm's kind, or has the number that the signature names. Of one that the image
   * carries also: no certificates lead from a key of the store to its signer.
   */
  | 'key_unknown'
  /** No key of the store verifies it: made by a key that is not in the store, or over other bytes. */
  | 'signature_invalid'
  | 'signature_malformed'
  | 'algorithm_not_supported'
  /** A key of the store vouches for the signer by certificates, and one of them says otherwise, or is not in force. */
  | 'certificate_invalid'
  | 'certificate_not_yet_valid'
  | 'certificate_expired'
  | 'certificate_revoked'
  /** It is for another use than signing firmware, or demands what is not checked here. */
  | 'certificate_not_for_signing'

export interface Case {
  /** What the operator said of the image. What he did not say is not held against it. */
  readonly declared: {
    readonly size: number | null
    readonly sha256: string | null
    readonly version: string
    /** What devices report once they run it. */
    readonly softwareVersions: readonly string[]
    /** By the image's own names. Null: the hardware versions of the models are taken for them. */
    readonly boards: readonly string[] | null
  }
  readonly fits: readonly (Model & { readonly hardwareVersions?: readonly string[] })[]
  readonly found: Findings
  readonly keys: readonly TrustKey[]
  /** How many different keys have to vouch for the image. At least 1. */
  readonly requiredKeys: number
  readonly now: number
}

export type ReasonCode =
  | 'image_empty'
  | 'size_mismatch'
  | 'digest_mismatch'
  | 'digest_stated_mismatch'
  | 'model_missing'
  | 'version_mismatch'
  | 'board_mismatch'
  | 'unsigned'
  | 'signature_legacy'
  | 'key_revoked'
  | 'key_not_approved'
  | 'key_not_for_images'
  | 'key_not_yet_valid'
  | 'key_expired'
  | 'key_out_of_scope'
  | 'too_few_keys'
  | SignatureFailure
  | FormatRefusal

export interface Reason {
  readonly code: ReasonCode
  readonly detail: string
}

export interface Check {
  readonly check: 'size' | 'sha256' | 'format' | 'stated_digest' | 'model' | 'version' | 'board' | 'signature'
  readonly passed: boolean
  readonly keyId?: string
  readonly detail: string
}

export interface Verdict {
  readonly trusted: boolean
  /** Why not: every check that stands in the way, not only the first. Empty when trusted. */
  readonly reasons: readonly Reason[]
  readonly checks: readonly Check[]
  /** What it leans on: each good signature by a key that may vouch. One key may stand here more than once, and counts once. */
  readonly vouchers: readonly Voucher[]
}

export interface Voucher {
  readonly keyId: string
  /** Keys that stand between it and the image: with one of them gone it vouches no more. */
  readonly through: readonly string[]
}

/**
 * The verdict on an image. Trusted means: its bytes are the declared ones, it is what it says and what was said of it,
 * enough different keys in force for all its models signed it, and nobody presented a signature that is false.
 *
 * A good signature by a key that is revoked, expired or out of scope does not count and does not harm (vendors sign
 * twice while they change keys). One that no key verifies does harm: somebody claims what is not so.
 */
export function judge(the: Case): Verdict {
  const { detached, embedded } = the.found
  const signatures = [
    ...detached.map((signature) => lookAtDetached(signature, the)),
    ...embedded.map((signature) => lookAtEmbedded(signature, the)),
  ]
  const findings = [
    lookAtSize(the),
    lookAtDigest(the),
    lookAtFormat(the),
    ...lookAtStatedDigests(the),
    lookAtModels(the),
    ...lookAtMetadata(the),
    ...signatures,
  ]
  const vouchers = signatures.flatMap(({ voucher }) => voucher ?? [])
  const vouching = independent(vouchers).length
  const required = Math.max(1, the.requiredKeys)
  const enough = vouching >= required

  const reasons = findings.filter((finding) => !(enough && finding.harmless)).flatMap((finding) => finding.reason ?? [])
  if (signatures.length === 0) reasons.push({ code: 'unsigned', detail: 'no signature came with the image' })
  else if (!enough) reasons.push({ code: 'too_few_keys', detail: `${vouching} of ${required} keys vouch for it` })
  return { trusted: reasons.length === 0, reasons, checks: findings.map(asCheck), vouchers }
}

function lookAtSize({ declared, found: { measured } }: Case): Finding {
  if (measured.size === 0) return against('size', 'image_empty', 'the image has no bytes')
  if (declared.size === null || declared.size === measured.size) return inOrder('size', `${measured.size} bytes`)
  return against('size', 'size_mismatch', `declared ${declared.size} bytes, measured ${measured.size}`)
}

function lookAtDigest({ declared, found: { measured } }: Case): Finding {
  if (declared.sha256 === null || declared.sha256 === measured.sha256) return inOrder('sha256', measured.sha256)
  return against('sha256', 'digest_mismatch', `declared ${declared.sha256}, measured ${measured.sha256}`)
}

function lookAtFormat({ found: { parsed } }: Case): Finding {
  if (parsed.kind === 'refused') return against('format', parsed.code, parsed.detail)
  return inOrder('format', parsed.format)
}

/** Each has to hold: an image that contradicts itself is damaged, whoever signed it. */
function lookAtStatedDigests({ found: { digests } }: Case): Finding[] {
  return digests.map(({ what, holds }) =>
    holds
      ? inOrder('stated_digest', what)
      : against('stated_digest', 'digest_stated_mismatch', `${what}: the bytes are not those it is of`),
  )
}

function lookAtModels({ fits }: Case): Finding {
  if (fits.length > 0) return inOrder('model', `${fits.length} named`)
  return against('model', 'model_missing', 'an image that names no model fits none')
}

function asCheck({ check, detail, keyId, reason }: Finding): Check {
  return { check, passed: reason === null, ...(keyId === undefined ? {} : { keyId }), detail }
}
