import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { familyOf, type KeyFamily } from './algorithms.ts'

export type KeyRefusal = 'key_kind_not_supported' | 'key_too_weak' | 'key_too_long'

export type AdmittedKey =
  | {
      readonly kind: 'admitted'
      readonly family: KeyFamily
      /** First 16 hexadecimal digits of SHA-256 over the SubjectPublicKeyInfo in DER. */
      readonly keyId: string
    }
  | { readonly kind: 'refused'; readonly code: KeyRefusal; readonly detail: string }

const MIN_RSA_BITS = 2048
/** Checking time grows with the square of the length; nobody signs firmware with more. */
const MAX_RSA_BITS = 8192
/** The time grows with its length too; everybody has 65537. */
const MAX_RSA_EXPONENT = 0xffff_ffffn

/** Whether a key is of a kind and a strength that anything may lean on, wherever it was found. */
export function admitKey(key: KeyObject): AdmittedKey {
  const family = familyOf(key)
  if (family === null) {
    return refused('key_kind_not_supported', `keys are Ed25519, P-256, P-384 or RSA, not ${key.asymmetricKeyType}`)
  }
  if (family === 'rsa') {
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
    const exponent = key.asymmetricKeyDetails?.publicExponent ?? 0n
    if (bits < MIN_RSA_BITS) return refused('key_too_weak', `RSA of ${bits} bits; at least ${MIN_RSA_BITS}`)
    if (bits > MAX_RSA_BITS) return refused('key_too_long', `RSA of ${bits} bits; at most ${MAX_RSA_BITS}`)
    if (exponent > MAX_RSA_EXPONENT) return refused('key_too_long', `RSA with exponent ${exponent}`)
    if (exponent < 3n || exponent % 2n === 0n) return refused('key_too_weak', `RSA with exponent ${exponent}`)
  }
  const der = inOneSpelling(key).export({ format: 'der', type: 'spki' })
  return { kind: 'admitted', family, keyId: createHash('sha256').update(der).digest('hex').slice(0, 16) }
}

/** OpenSSL writes the point of an EC key as it read it, compressed or not; a JWK has its two numbers (RFC 7518 6.2). */
export function inOneSpelling(key: KeyObject): KeyObject {
  return key.asymmetricKeyType === 'ec' ? createPublicKey({ key: key.export({ format: 'jwk' }), format: 'jwk' }) : key
}

function refused(code: KeyRefusal, detail: string): AdmittedKey {
  return { kind: 'refused', code, detail }
}
