import { type KeyObject, sign } from 'node:crypto'
import { envelopeSigning } from '../dsse.ts'
import type { PublicKey } from '../signatures/public-key.ts'
import { type ReleaseEnvelope, bytesToSign, withSignature } from './release-envelope.ts'

/** For who has the private key in hand: a person's command line. No service ever has. */
export function signRelease(
  release: ReleaseEnvelope,
  { publicKey, privateKey }: { readonly publicKey: PublicKey; readonly privateKey: KeyObject },
): ReleaseEnvelope {
  const { hash, options } = envelopeSigning(publicKey.family)
  const sig = sign(hash, bytesToSign(release), { key: privateKey, ...options }).toString('base64')
  return { ...release, envelope: withSignature(release.envelope, { keyid: publicKey.keyId, sig }) }
}
