import { constants } from 'node:crypto'
import type { KeyFamily } from '../signatures/algorithms.ts'
import { NotDer, TAG, oidOf, partsOf, smallIntegerOf, contentOf, type Der } from './der.ts'
import { OID, hashNamed, schemeWithHash, type HashName } from './oids.ts'

/** How a signature of a certificate or a CMS signer is checked by node:crypto. */
export interface SignatureScheme {
  readonly families: readonly KeyFamily[]
  /** Null: the algorithm hashes by itself (Ed25519). */
  readonly hash: HashName | null
  readonly options: { readonly padding?: number; readonly saltLength?: number; readonly dsaEncoding?: 'der' }
}

const PKCS1 = { padding: constants.RSA_PKCS1_PADDING }

/**
 * An AlgorithmIdentifier of a signature (RFC 5280 4.1.1.2, RFC 5652 5.3), or null where its name is not known.
 * `digest` is the hash that was named beside it: a CMS signer may call its scheme plain `rsaEncryption` (RFC 3370 3.2).
 * Whoever names two hashes that differ is refused.
 */
export function readSignatureScheme(element: Der | undefined, digest: HashName | null): SignatureScheme | null {
  if (element === undefined) throw new NotDer('no signature algorithm')
  const [name, parameters, ...rest] = partsOf(element, TAG.sequence)
  if (rest.length > 0) throw new NotDer('more than an algorithm and its parameters')
  const oid = oidOf(name)
  if (oid === OID.rsaPss) return readPss(parameters, digest)
  if (oid === OID.ed25519) return readEd25519(parameters, digest)
  const named =
    schemeWithHash(oid) ?? (oid === OID.rsaEncryption && digest !== null ? { scheme: 'rsa_pkcs1', hash: digest } : null)
  if (named === null) return null
  sameHash(named.hash, digest)
  if (named.scheme === 'ecdsa') {
    if (parameters !== undefined) throw new NotDer('ECDSA with parameters')
    return { families: ['p256', 'p384'], hash: named.hash, options: { dsaEncoding: 'der' } }
  }
  mustBeNullOrAbsent(parameters)
  return { families: ['rsa'], hash: named.hash, options: PKCS1 }
}

/** An AlgorithmIdentifier of a hash: null where its name is not known (RFC 5754 2: parameters are absent or NULL). */
export function readHashName(element: Der | undefined): HashName | null {
  if (element === undefined) throw new NotDer('no hash algorithm')
  const [name, parameters, ...rest] = partsOf(element, TAG.sequence)
  if (rest.length > 0) throw new NotDer('more than an algorithm and its parameters')
  mustBeNullOrAbsent(parameters)
  return hashNamed(oidOf(name))
}

/** RFC 8419 3.1: the message is not hashed before, and the digest of the content is made by SHA-512. */
function readEd25519(parameters: Der | undefined, digest: HashName | null): SignatureScheme | null {
  if (parameters !== undefined) throw new NotDer('Ed25519 with parameters')
  if (digest !== null && digest !== 'sha512') return null
  return { families: ['ed25519'], hash: null, options: {} }
}

/** RSASSA-PSS-params (RFC 4055 3.1). The defaults are SHA-1 and so are never meant: hash and mask are named. */
function readPss(parameters: Der | undefined, digest: HashName | null): SignatureScheme | null {
  if (parameters === undefined) throw new NotDer('RSA-PSS without parameters')
  const [hashPart, maskPart, saltPart, ...rest] = partsOf(parameters, TAG.sequence)
  if (hashPart === undefined || maskPart === undefined || saltPart === undefined || rest.length > 0)
    throw new NotDer('RSA-PSS whose hash, mask and salt are not all named')
  const hash = readHashName(only(hashPart, TAG.contextParts(0)))
  const [maskName, maskHash, ...others] = partsOf(only(maskPart, TAG.contextParts(1)), TAG.sequence)
  const saltLength = smallIntegerOf(only(saltPart, TAG.contextParts(2)))
  if (others.length > 0 || oidOf(maskName) !== OID.mgf1 || readHashName(maskHash) !== hash)
    throw new NotDer('RSA-PSS whose mask is another than MGF1 by the same hash')
  if (hash === null) return null
  sameHash(hash, digest)
  return { families: ['rsa'], hash, options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength } }
}

function only(element: Der, tag: number): Der {
  const [part, ...rest] = partsOf(element, tag)
  if (part === undefined || rest.length > 0) throw new NotDer('not exactly one element')
  return part
}

function sameHash(hash: HashName, digest: HashName | null): void {
  if (digest !== null && hash !== digest) throw new NotDer(`signed by ${hash}, digested by ${digest}`)
}

function mustBeNullOrAbsent(parameters: Der | undefined): void {
  if (parameters === undefined) return
  if (contentOf(parameters, TAG.null).length > 0) throw new NotDer('a NULL that holds something')
}
