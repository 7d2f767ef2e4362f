import { createPrivateKey, createPublicKey } from 'node:crypto'
import { readVerdictKeys } from '@sluice/artifact-resolver'

/** What comes before the seed of an Ed25519 key in PKCS #8 (RFC 8410 7). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The key that the verifier signs verdicts with, and what the resolver knows it by, from a seed in hexadecimal. */
export function verdictKeysFrom(seed: string) {
  const der = Buffer.concat([PKCS8_HEAD, Buffer.from(seed, 'hex')])
  const verdictKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const pem = createPublicKey(verdictKey).export({ format: 'pem', type: 'spki' }).toString()
  return { verdictKey, verdictKeys: readVerdictKeys(pem) }
}
