import { createHash, verify, type KeyObject } from 'node:crypto'
import { eddsa } from '@noble/curves/abstract/edwards.js'
import { ed25519 } from '@noble/curves/ed25519.js'
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
      const signer = attempts.find(({ point, hash }) => holdsFor(hash.digest(), signature, point))
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
 * Whether SB = R + kA. Node verifies whole messages only; the library takes any hash, and is given the one that is there.
 * Without ZIP 215, as OpenSSL: by a point of small order one signature would hold over every message.
 */
function holdsFor(hashed: Uint8Array, signature: Uint8Array, point: Uint8Array): boolean {
  return eddsa(ed25519.Point, () => hashed).verify(signature, NOTHING, point, { zip215: false })
}

const NOTHING = new Uint8Array()
