import type { PublicKey } from './public-key.ts'
import { isDerEcdsaSignature } from './ecdsa-signature.ts'

/** Whether bytes can be a signature by a key at all: what cannot is told apart from what does not verify. */
export function hasShapeFor(signature: Uint8Array, { family, key }: Pick<PublicKey, 'family' | 'key'>): boolean {
  switch (family) {
    case 'ed25519':
      return signature.length === 64
    case 'p256':
      return isDerEcdsaSignature(signature, 32)
    case 'p384':
      return isDerEcdsaSignature(signature, 48)
    case 'rsa':
      return signature.length === Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
  }
}
