import { constants, verify } from 'node:crypto'
import { readSignedData, type SignedData } from '../../cms/signed-data.ts'
import { failed, type Outcome } from '../../signatures/outcome.ts'
import type { PublicKey } from '../../signatures/public-key.ts'
import { withinCertificate } from '../../signatures/within-certificate.ts'
import { hasShapeFor } from '../../signatures/signature-shape.ts'
import { cmsSignatures } from '../cms-signatures.ts'
import type { EmbeddedSignature, Span, SpanRun } from '../format.ts'
import { refuse } from '../refuse.ts'

/** sw-description.sig: a CMS, or nothing but the number that RSA made (SWUpdate, "Update images from verified source"). */
export type DescriptionSignature =
  | { readonly kind: 'cms'; readonly signedData: SignedData }
  | { readonly kind: 'rsa'; readonly signature: Uint8Array }

const RSA_BYTES = { min: 2_048 / 8, max: 8_192 / 8 }

export function readDescriptionSignature(bytes: Uint8Array): DescriptionSignature {
  const read = readSignedData(bytes)
  if (read.kind === 'read') {
    const { signedData } = read
    if (signedData.content !== null || signedData.signers.length === 0)
      refuse('format_malformed', 'sw-description.sig holds content of its own, or nobody signed it')
    return { kind: 'cms', signedData }
  }
  if (bytes.length < RSA_BYTES.min || bytes.length > RSA_BYTES.max)
    refuse('format_malformed', `sw-description.sig is no signature of RSA, and no CMS: ${read.detail}`)
  return { kind: 'rsa', signature: bytes }
}

export function descriptionSignatures(signature: DescriptionSignature, over: Span): EmbeddedSignature[] {
  if (signature.kind === 'cms') return cmsSignatures(signature.signedData, { what: 'CMS over sw-description', over })
  const what = 'RSA over sw-description'
  return [{ what, over, strength: 'full', start: (keys, now) => startRsa(signature.signature, keys, now) }]
}

const PADDINGS = [
  { padding: constants.RSA_PKCS1_PADDING },
  { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO },
]

/** Neither key nor padding is named: each key of that size is tried with both. What is signed is small, and is kept. */
function startRsa(signature: Uint8Array, keys: readonly PublicKey[], now: number): SpanRun<Outcome> {
  const ofItsSize = keys.filter((key) => key.family === 'rsa' && hasShapeFor(signature, key))
  const pieces: Uint8Array[] = []
  return {
    update: (piece) => void pieces.push(Uint8Array.from(piece)),
    finish: () => {
      if (ofItsSize.length === 0) return failed('key_unknown')
      const description = Buffer.concat(pieces)
      const signer = ofItsSize.find((publicKey) =>
        PADDINGS.some((padding) => verifies(description, { ...padding, key: publicKey.key }, signature)),
      )
      if (signer === undefined) return failed('signature_invalid')
      return withinCertificate({ kind: 'verified', keyId: signer.keyId }, keys, now)
    },
  }
}

function verifies(bytes: Uint8Array, key: Parameters<typeof verify>[2], signature: Uint8Array): boolean {
  try {
    return verify('sha256', bytes, key, signature)
  } catch {
    // OpenSSL throws for signatures it cannot decode: one more way of being invalid.
    return false
  }
}
