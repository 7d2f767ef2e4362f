import { createHash, verify, type KeyObject } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToNumberLE } from '@noble/curves/utils.js'
import type { SpanRun } from '../formats/format.ts'
import { failed, type Outcome } from './outcome.ts'
import type { PublicKey } from './public-key.ts'

/**
 * As long as a BLAKE2b-512 hash. What minisign signs is such a hash, so that its signature of an image is also a plain
 * Ed25519 signature of 64 bytes: no image has that length, and none is taken for one.
 */
const LENGTH_OF_A_HASH = 64

/**
 * Checks a plain Ed25519 signature of 64 bytes over the first bytes of an image: all that it is fed, from byte 0 on. Only
 * who signs reads a message twice. Who verifies needs SHA-512 of R, A and the message (RFC 8032 5.1.7), which is hashed
 * as it comes, so that nothing of it is held.
 */
export function startEd25519(signature: Uint8Array, keys: readonly PublicKey[]): SpanRun<Outcome> {
  const attempts = keys.map(({ key, keyId }) => {
    const point = pointOf(key)
    return { keyId, point, hash: createHash('sha512').update(signature.subarray(0, 32)).update(point) }
  })
  let size = 0
  return {
    update: (piece) => {
      size += piece.length
      for (const { hash } of attempts) hash.update(piece)
    },
    finish: () => {
      if (size === LENGTH_OF_A_HASH) return failed('signature_invalid')
      const signer = attempts.find(({ point, hash }) => isBy(point, hash.digest(), signature))
      return signer === undefined ? failed('signature_invalid') : { kind: 'verified', keyId: signer.keyId }
    },
  }
}

/**
 * Which of these keys signed the bytes. Here and now, and not in the thread pool of node, as a callback would have it:
 * reads that hang in a medium fill that, and an image would be said to take too long.
 */
export function verifyEd25519(bytes: Uint8Array, signature: Uint8Array, keys: readonly PublicKey[]): Outcome {
  const signer = keys.find(({ key }) => verify(null, bytes, key, signature))
  return signer === undefined ? failed('signature_invalid') : { kind: 'verified', keyId: signer.keyId }
}

/** The key as it is hashed: 32 bytes (RFC 8032 5.1.5). */
function pointOf(key: KeyObject): Uint8Array {
  return Buffer.from(key.export({ format: 'jwk' }).x!, 'base64url')
}

/**
 * Whether SB - kA is R, to the byte and without a cofactor: as OpenSSL and signify have it (RFC 8032 5.1.7 allows either),
 * so that nothing is trusted here which a device refuses. Node verifies whole messages only. Neither point may be one of
 * small order: by such a key one signature holds over every message.
 */
function isBy(point: Uint8Array, hashed: Uint8Array, signature: Uint8Array): boolean {
  const { BASE, Fn } = ed25519.Point
  try {
    const key = ed25519.Point.fromBytes(point)
    const s = Fn.fromBytes(signature.subarray(32))
    const r = BASE.multiplyUnsafe(s).subtract(key.multiplyUnsafe(Fn.create(bytesToNumberLE(hashed))))
    if (key.isSmallOrder() || r.isSmallOrder()) return false
    return Buffer.compare(r.toBytes(), signature.subarray(0, 32)) === 0
  } catch {
    // The key is no point, or S is not below the order of the group.
    return false
  }
}
