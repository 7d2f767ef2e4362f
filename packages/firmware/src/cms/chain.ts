import type { PublicKey } from '../signatures/public-key.ts'
import type { SignatureFailure } from '../judge.ts'
import type { Certificate } from './certificate.ts'
import { OID, type HashName } from './oids.ts'

/** What a path is looked for with. */
export interface PathQuestion {
  /** Certificates that came with the signature: claims, until a path proves them. */
  readonly embedded: readonly Certificate[]
  /** The trust store. A key with a certificate is an anchor; a bare key vouches for what it signed itself. */
  readonly keys: readonly PublicKey[]
  /** In milliseconds since the epoch: everything on a path has to be in force now, whatever a signature claims of its time. */
  readonly now: number
  readonly hashes: readonly HashName[]
}

/** Where issuers are looked for. */
export type Issuers = Pick<PathQuestion, 'embedded' | 'keys'>

export type Path =
  | {
      readonly kind: 'trusted'
      readonly key: PublicKey
      /** The ids of the keys between that one and the signature, the signer's first: none of them may be revoked. */
      readonly through: readonly string[]
      /** The subjects from the signer to the anchor, each proven by the next; empty where the signer itself is in the store. */
      readonly chain: readonly string[]
    }
  | { readonly kind: 'refused'; readonly code: SignatureFailure }

/** Authorities between a signer and its anchor; the field has one or two. */
const MAX_AUTHORITIES = 4
/** Signatures that are checked while one path is looked for: cross-signed certificates cannot make it a maze. */
const MAX_CHECKS = 64

/**
 * Which key of the trust store vouches for a signer: its own, where the store has that; else that of the first anchor
 * up to which a path of certificates leads.
 */
export function findPath(signer: Certificate, question: PathQuestion): Path {
  const own = storedKey(signer, question.keys)
  if (own !== null) return vouchedDirectly(own, question)
  const objection = objectionTo(signer, question.now) ?? (maySignData(signer) ? null : 'certificate_not_for_signing')
  return objection === null ? climb([signer], question, { checks: MAX_CHECKS }) : refused(objection)
}

/** Whether a signer has to do with the trust store at all: its key is there, or certificates lead up to an anchor, good or not. */
export function leadsToStore(signer: Certificate, question: Issuers): boolean {
  return storedKey(signer, question.keys) !== null || reachesAnchor([signer], question, { checks: MAX_CHECKS })
}

function reachesAnchor(path: readonly Certificate[], question: Issuers, budget: { checks: number }): boolean {
  if (path.length > MAX_AUTHORITIES + 1) return false
  return issuersOf(path.at(-1)!, question, budget).some(
    ({ issuer, isAnchor }) =>
      isAnchor ||
      // By a key that nothing may lean on nothing was checked.
      (issuer.admitted !== null && !path.includes(issuer) && reachesAnchor([...path, issuer], question, budget)),
  )
}

/** A certificate in the store binds: it is in force as long as it says, and for what it says. A bare key has the store's rules alone. */
function vouchedDirectly(key: PublicKey, { now }: PathQuestion): Path {
  const objection = objectionToKey(key, now)
  return objection === null ? { kind: 'trusted', key, through: [], chain: [] } : refused(objection)
}

/** What stands against a key of the store that signed an image itself, in whichever form; null: nothing. */
export function objectionToKey({ certificate }: PublicKey, now: number): SignatureFailure | null {
  if (certificate === undefined) return null
  return objectionTo(certificate, now) ?? (maySignData(certificate) ? null : 'certificate_not_for_signing')
}

function climb(path: readonly Certificate[], question: PathQuestion, budget: { checks: number }): Path {
  // An issuer that was found and is not good enough tells more than that none was found.
  let reason: SignatureFailure = 'certificate_invalid'
  if (path.length > MAX_AUTHORITIES + 1) return refused(reason)
  for (const { issuer, isAnchor } of issuersOf(path.at(-1)!, question, budget)) {
    if (path.includes(issuer)) continue
    const longer = [...path, issuer]
    const objection = objectionToIssuer(issuer, path, question)
    const found =
      objection !== null ? refused(objection) : isAnchor ? vouched(longer, question) : climb(longer, question, budget)
    if (found.kind === 'trusted') return found
    if (found.code !== 'certificate_invalid') reason = found.code
  }
  return refused(reason)
}

/** Whose key verifies a certificate, the store's anchors first. */
function issuersOf(below: Certificate, { keys, embedded }: Issuers, budget: { checks: number }) {
  const anchors = keys.flatMap(({ certificate }) =>
    certificate === undefined ? [] : [{ issuer: certificate, isAnchor: true }],
  )
  const claimed = embedded.map((certificate) => ({ issuer: certificate, isAnchor: false }))
  return [...anchors, ...claimed].filter(
    ({ issuer }) =>
      below.x509.checkIssued(issuer.x509) &&
      // A key that nothing may lean on is objected to; how long it would take to check by it, its owner chose.
      (issuer.admitted === null || (budget.checks-- > 0 && below.x509.verify(issuer.key))),
  )
}

function vouched(path: readonly Certificate[], { keys }: PathQuestion): Path {
  const key = storedKey(path.at(-1)!, keys)
  if (key === null) return refused('certificate_invalid')
  const through = path.slice(0, -1).flatMap(({ admitted }) => admitted?.keyId ?? [])
  return { kind: 'trusted', key, through, chain: path.map(({ subject }) => subject) }
}

/** The key itself is compared: an id has 64 bits, and another key of the same id can be looked for. */
function storedKey(certificate: Certificate, keys: readonly PublicKey[]): PublicKey | null {
  return keys.find(({ key }) => key.equals(certificate.key)) ?? null
}

/** What stands against an issuer of the last certificate of a path (RFC 5280 6.1.4). */
function objectionToIssuer(
  issuer: Certificate,
  path: readonly Certificate[],
  { now, hashes }: PathQuestion,
): SignatureFailure | null {
  const { signedBy } = path.at(-1)!
  const known = signedBy !== null && (signedBy.hash === null || hashes.includes(signedBy.hash))
  if (!known || issuer.admitted === null) return 'algorithm_not_supported'
  const authoritiesBelow = path.length - 1
  const mayIssue =
    issuer.isAuthority &&
    (issuer.keyUsage?.signsCertificates ?? true) &&
    (issuer.pathLength === null || authoritiesBelow <= issuer.pathLength)
  return objectionTo(issuer, now) ?? (mayIssue && isMeantForCode(issuer) ? null : 'certificate_not_for_signing')
}

/** What stands against any certificate of a path, whatever its place. */
function objectionTo({ notBefore, notAfter, demandsMore }: Certificate, now: number): SignatureFailure | null {
  if (demandsMore) return 'certificate_not_for_signing'
  if (!(now >= notBefore)) return 'certificate_not_yet_valid'
  return now <= notAfter ? null : 'certificate_expired'
}

function maySignData(certificate: Certificate): boolean {
  return (certificate.keyUsage?.signsData ?? true) && isMeantForCode(certificate)
}

/**
 * A certificate that says what it is for has to say that it signs code or, as openssl, RAUC and SWUpdate ask for by
 * default, mail; one that does not say is for any use. A server's certificate signs no firmware.
 */
function isMeantForCode({ extendedKeyUsage }: Certificate): boolean {
  return extendedKeyUsage?.some((use) => MEANT_FOR_CODE.has(use)) ?? true
}

const MEANT_FOR_CODE = new Set<string>([OID.codeSigning, OID.emailProtection, OID.anyExtendedKeyUsage])

function refused(code: SignatureFailure): Path {
  return { kind: 'refused', code }
}
