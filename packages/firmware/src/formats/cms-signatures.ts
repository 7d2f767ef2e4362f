import { FULL_STRENGTH, isStranger, settled, startCmsCheck, type CmsPolicy } from '../cms/check-cms.ts'
import { readSignedData, type SignedData } from '../cms/signed-data.ts'
import type { EmbeddedSignature, Span, UnsignedSpan } from './format.ts'
import { refuse } from './refuse.ts'

/** The SignedData that an image carries, or a refusal of the image. */
export function readEmbeddedCms(bytes: Uint8Array, options: { bare?: boolean; maxBytes?: number } = {}): SignedData {
  const read = readSignedData(bytes, options)
  if (read.kind === 'read') return read.signedData
  if (read.code === 'too_large') return refuse('format_limit_exceeded', `a signature of ${read.detail}`)
  if (read.code === 'encrypted') return refuse('format_feature_not_supported', `the signature block is ${read.detail}`)
  return refuse('format_malformed', `the signature block: ${read.detail}`)
}

/**
 * One signature for each signer of a SignedData, over a span of the image or over the content it holds itself. That of a
 * stranger is not looked at: it may be for devices of others.
 */
export function cmsSignatures(
  signedData: SignedData,
  {
    what,
    over,
    strength = 'full',
    policy = FULL_STRENGTH,
  }: { what: string; over: Span; strength?: EmbeddedSignature['strength']; policy?: CmsPolicy },
): EmbeddedSignature[] {
  const { signers, content } = signedData
  return signers.map((signer, at) => ({
    what: signers.length === 1 ? what : `${what}, signer ${at + 1}`,
    over,
    strength,
    start: (keys, now) => {
      if (isStranger(signer, signedData, keys)) return settled('key_unknown')
      const run = startCmsCheck(signer, signedData, { keys, now, policy })
      if (content !== null) run.update(content)
      return run
    },
  }))
}

/** What of a SignedData no signature covers, where it begins at `start` in the image. */
export function unsignedOf({ unsigned }: SignedData, start: number): UnsignedSpan[] {
  return unsigned.map(({ span, why }) => ({ span: { start: start + span.start, end: start + span.end }, why }))
}
