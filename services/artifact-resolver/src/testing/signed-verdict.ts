import { generateKeyPairSync, sign } from 'node:crypto'
import { VERDICT_TYPE } from '@sluice/contracts'
import { signedBytesOf } from '@sluice/firmware'
import { readVerdictKeys } from '../read-verdict-keys.ts'

/** The verifier that the resolver under test believes. */
export const VERIFIER = generateKeyPairSync('ed25519')
export const VERDICT_KEYS = readVerdictKeys(VERIFIER.publicKey.export({ format: 'pem', type: 'spki' }).toString())

/** What the verifier says, or somebody who is not. */
export function signed(statement: unknown, key = VERIFIER.privateKey, type: string = VERDICT_TYPE) {
  const payload = Buffer.from(JSON.stringify(statement))
  const sig = sign(null, signedBytesOf(type, payload), key).toString('base64')
  return { payloadType: type, payload: payload.toString('base64'), signatures: [{ keyid: 'x', sig }] }
}
