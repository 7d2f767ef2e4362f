import { constants, verify } from 'node:crypto'
import type { PublicKey } from '../../signatures/public-key.ts'
import { refuse } from '../refuse.ts'
import type { FitSignature } from './read-configurations.ts'

export interface SigningAlgorithm {
  readonly strength: 'full' | 'legacy'
  /** Whether a key is of its kind and length. */
  takes(key: PublicKey): boolean
  verifies(bytes: Uint8Array, key: PublicKey, signature: Uint8Array): boolean
}

const HASHES = ['sha1', 'sha256', 'sha384', 'sha512']
const RSA_BITS: Readonly<Record<string, number>> = { rsa2048: 2_048, rsa3072: 3_072, rsa4096: 4_096 }
const CURVES: Readonly<Record<string, 'p256' | 'p384'>> = { ecdsa256: 'p256', ecdsa384: 'p384', secp384r1: 'p384' }
const PADDINGS: Readonly<Record<string, { readonly padding: number; readonly saltLength?: number }>> = {
  'pkcs-1.5': { padding: constants.RSA_PKCS1_PADDING },
  pss: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO },
}

/** Of `sha256,rsa2048` and its like (U-Boot, boot/image-sig.c). Any other is refused. */
export function signingAlgorithm({ node, algorithm, padding }: FitSignature): SigningAlgorithm {
  const [hash = '', scheme = '', ...more] = algorithm.split(',')
  const bits = Object.hasOwn(RSA_BITS, scheme) ? RSA_BITS[scheme] : undefined
  const curve = Object.hasOwn(CURVES, scheme) ? CURVES[scheme] : undefined
  const padded = Object.hasOwn(PADDINGS, padding) ? PADDINGS[padding] : undefined
  if (!HASHES.includes(hash) || (bits ?? curve) === undefined || padded === undefined || more.length > 0)
    refuse('format_feature_not_supported', `${node.path} is signed by ${algorithm}, ${padding}`)
  // ECDSA as mkimage writes it: r and s side by side.
  const options = bits === undefined ? ({ dsaEncoding: 'ieee-p1363' } as const) : padded
  return {
    strength: hash === 'sha1' ? 'legacy' : 'full',
    takes: ({ family, key }) =>
      bits === undefined ? family === curve : family === 'rsa' && key.asymmetricKeyDetails?.modulusLength === bits,
    verifies: (bytes, { key }, signature) => {
      try {
        return verify(hash, bytes, { key, ...options }, signature)
      } catch {
        // OpenSSL throws for signatures it cannot decode: one more way of being false.
        return false
      }
    },
  }
}
