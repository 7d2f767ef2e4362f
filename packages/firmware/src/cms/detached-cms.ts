import type { SpanRun } from '../formats/format.ts'
import { exactBase64 } from '../signatures/numbered-signature.ts'
import { failed, type Outcome } from '../signatures/outcome.ts'
import type { PublicKey } from '../signatures/public-key.ts'
import { startCmsCheck } from './check-cms.ts'
import { readSignedData } from './signed-data.ts'

/**
 * Starts checking a detached CMS, one check for each of its signers. `value`: base64 of the DER, or PEM as openssl
 * writes it.
 */
export function startDetachedCms(
  value: string,
  trust: { readonly keys: readonly PublicKey[]; readonly now: number },
): (SpanRun<Outcome> | Outcome)[] {
  const der = derOf(value)
  const read = der === null ? null : readSignedData(der)
  // What holds content of its own says nothing of the image; and a list without signers nothing at all.
  if (read?.kind !== 'read' || read.signedData.content !== null || read.signedData.signers.length === 0)
    return [failed('signature_malformed')]
  const { signedData } = read
  return signedData.signers.map((signer) => startCmsCheck(signer, signedData, trust))
}

function derOf(value: string): Buffer | null {
  const [, , base64] = /^-----BEGIN (CMS|PKCS7)-----([A-Za-z0-9+/=\s]+)-----END \1-----\s*$/.exec(value) ?? []
  return exactBase64((base64 ?? value).replaceAll(/\s/g, ''))
}
