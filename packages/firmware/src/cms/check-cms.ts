import { createHash, createVerify, verify, type KeyObject } from 'node:crypto'
import type { SpanRun } from '../formats/format.ts'
import type { SignatureFailure } from '../judge.ts'
import { failed, type Outcome } from '../signatures/outcome.ts'
import type { PublicKey } from '../signatures/public-key.ts'
import { hasShapeFor } from '../signatures/signature-shape.ts'
import type { Certificate } from './certificate.ts'
import { findPath, leadsToStore } from './chain.ts'
import type { HashName } from './oids.ts'
import type { SignatureScheme } from './signature-algorithm.ts'
import type { SignedData, Signer } from './signed-data.ts'

/** What is asked of a signature beside that it verifies. */
export interface CmsPolicy {
  readonly digests: readonly HashName[]
  /** What certificates between the signer and its anchor may be signed by. */
  readonly certificates: readonly HashName[]
  /** Whether a signature right over the content, without signed attributes, is taken. */
  readonly bareSignatures: boolean
}

export const STRONG: readonly HashName[] = ['sha256', 'sha384', 'sha512']

/** The policy for everything that a verdict may lean on. */
export const FULL_STRENGTH: CmsPolicy = { digests: STRONG, certificates: STRONG, bareSignatures: false }

/**
 * Checks one signer of a SignedData over a content that is fed in pieces. The signature verifies by the key of the
 * certificate that the signer names, and the trust store vouches for that certificate.
 */
export function startCmsCheck(
  signer: Signer,
  { certificates }: Pick<SignedData, 'certificates'>,
  { keys, now, policy = FULL_STRENGTH }: { keys: readonly PublicKey[]; now: number; policy?: CmsPolicy },
): SpanRun<Outcome> {
  const { digest, scheme, attributes } = signer
  if (digest === null || scheme === null || !policy.digests.includes(digest)) return settled('algorithm_not_supported')
  if (attributes === null && (scheme.hash === null || !policy.bareSignatures)) return settled('signature_malformed')
  const certificate = certificateOf(signer, certificates, keys)
  if (certificate === undefined) return settled('certificate_invalid')
  const { admitted, key } = certificate
  if (admitted === null || !scheme.families.includes(admitted.family)) return settled('algorithm_not_supported')
  if (!hasShapeFor(signer.signature, { family: admitted.family, key })) return settled('signature_malformed')
  const check = { signature: signer.signature, scheme, key }
  const content = attributes === null ? bareContent(check, digest) : digestedContent(check, digest, attributes)
  return {
    update: content.update,
    finish: () => {
      if (!content.verifies()) return failed('signature_invalid')
      const path = findPath(certificate, { embedded: certificates, keys, now, hashes: policy.certificates })
      if (path.kind === 'refused') return failed(path.code)
      const { key: anchor, through, chain } = path
      return { kind: 'verified', keyId: anchor.keyId, through, chain }
    },
  }
}

/** Whether a signer names nobody of the trust store, and nobody that an authority of the store vouches for. */
export function isStranger(
  signer: Signer,
  { certificates }: Pick<SignedData, 'certificates'>,
  keys: readonly PublicKey[],
): boolean {
  const certificate = certificateOf(signer, certificates, keys)
  return certificate === undefined || !leadsToStore(certificate, { embedded: certificates, keys })
}

function certificateOf(
  { named }: Signer,
  certificates: readonly Certificate[],
  keys: readonly PublicKey[],
): Certificate | undefined {
  const known = [...certificates, ...keys.flatMap(({ certificate }) => certificate ?? [])]
  return known.find((one) => one[named.by] === named.name)
}

interface SignatureCheck {
  readonly signature: Uint8Array
  readonly scheme: SignatureScheme
  readonly key: KeyObject
}

interface Content {
  update(piece: Uint8Array): void
  verifies(): boolean
}

/** The usual way (RFC 5652 5.4): the content is digested, and what is signed are the attributes that hold the digest. */
function digestedContent(
  { signature, scheme, key }: SignatureCheck,
  digest: HashName,
  { signed, messageDigest }: NonNullable<Signer['attributes']>,
): Content {
  const hash = createHash(digest)
  return {
    update: (piece) => void hash.update(piece),
    verifies: () => {
      if (!hash.digest().equals(messageDigest)) return false
      return withoutThrowing(() => verify(scheme.hash, signed, { key, ...scheme.options }, signature))
    },
  }
}

/** No attributes: the signature is one over the content itself. */
function bareContent({ signature, scheme, key }: SignatureCheck, digest: HashName): Content {
  const verifier = createVerify(digest)
  return {
    update: (piece) => void verifier.update(piece),
    verifies: () => withoutThrowing(() => verifier.verify({ key, ...scheme.options }, signature)),
  }
}

function withoutThrowing(check: () => boolean): boolean {
  try {
    return check()
  } catch {
    // OpenSSL throws for signatures it cannot decode: one more way of being invalid.
    return false
  }
}

export function settled(code: SignatureFailure): SpanRun<Outcome> {
  return { update: () => undefined, finish: () => failed(code) }
}
