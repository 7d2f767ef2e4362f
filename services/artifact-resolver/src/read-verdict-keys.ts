import { readPublicKey, type PublicKey } from '@sluice/firmware'

/** The public keys of the verifier, one PEM after another: the new one beside the old while it changes its key. */
export function readVerdictKeys(text: string): PublicKey[] {
  const found = text.match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g) ?? []
  if (found.length === 0) throw new Error('SLUICE_VERDICT_PUBLIC_KEY holds no public key in PEM')
  return found.map((pem) => {
    const read = readPublicKey(pem)
    if (read.kind === 'refused') throw new Error(`SLUICE_VERDICT_PUBLIC_KEY: ${read.code}: ${read.detail}`)
    return read.publicKey
  })
}
