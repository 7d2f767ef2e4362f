import { createPublicKey, sign, type KeyObject } from 'node:crypto'
import { VERDICT_TYPE, type SignedStatement, type VerdictStatement } from '@sluice/contracts'
import { envelopeSigning, readPublicKey, signedBytesOf } from '@sluice/firmware'

export type SignVerdict = (statement: VerdictStatement) => SignedStatement

/** Signs verdicts, so that whoever promotes an image knows that it was this service which trusts it. */
export function createVerdictSigner(privateKey: KeyObject): SignVerdict {
  const read = readPublicKey(createPublicKey(privateKey).export({ format: 'pem', type: 'spki' }).toString())
  if (read.kind === 'refused') throw new Error(`the key that signs verdicts cannot be used: ${read.detail}`)
  const { keyId, family } = read.publicKey
  const { hash, options } = envelopeSigning(family)
  return (statement) => {
    const payload = Buffer.from(JSON.stringify(statement))
    const sig = sign(hash, signedBytesOf(VERDICT_TYPE, payload), { key: privateKey, ...options })
    return {
      payloadType: VERDICT_TYPE,
      payload: payload.toString('base64'),
      signatures: [{ keyid: keyId, sig: sig.toString('base64') }],
    }
  }
}
