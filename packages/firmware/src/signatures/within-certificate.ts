import { objectionToKey } from '../cms/chain.ts'
import { failed, type Outcome } from './outcome.ts'
import type { PublicKey } from './public-key.ts'

/** A signature that names no certificate is no way around the one that its key was given with. */
export function withinCertificate(outcome: Outcome, keys: readonly PublicKey[], now: number): Outcome {
  if (outcome.kind === 'failed') return outcome
  const signer = keys.find(({ keyId }) => keyId === outcome.keyId)
  const objection = signer === undefined ? null : objectionToKey(signer, now)
  return objection === null ? outcome : failed(objection)
}
