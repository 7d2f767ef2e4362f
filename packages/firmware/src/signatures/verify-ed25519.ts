import { verify } from 'node:crypto'
import type { SpanRun } from '../formats/format.ts'
import { failed, type Outcome } from './outcome.ts'
import type { PublicKey } from './public-key.ts'
import type { WholeImage } from './whole-image.ts'

/**
 * As long as a BLAKE2b-512 hash. What minisign signs is such a hash, so that its signature of an image is also a plain
 * Ed25519 signature of 64 bytes: no image has that length, and none is taken for one.
 */
const LENGTH_OF_A_HASH = 64

/** Checks a plain Ed25519 signature over the first bytes of an image: all that it is fed, from byte 0 on. */
export function startEd25519(signature: Uint8Array, keys: readonly PublicKey[], whole: WholeImage): SpanRun<Outcome> {
  let end = 0
  return {
    update: (piece) => {
      whole.keep(end, piece)
      end += piece.length
    },
    finish: () => {
      const bytes = whole.upTo(end)
      if (bytes === null) return failed('image_too_large_for_algorithm')
      return bytes.length === LENGTH_OF_A_HASH ? failed('signature_invalid') : verifyEd25519(bytes, signature, keys)
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
