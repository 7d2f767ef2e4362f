import { decodePost, type DecodedPost, defaultLimits, type Envelope, type MalformedCode } from '@sluice/cwmp'
import type { ModelProfile } from '@sluice/model-profiles'
import type { PostBody } from './http/server.ts'
import { textOf } from './messages/text-of.ts'

export type ReadPost =
  | { readonly kind: 'empty' }
  | { readonly kind: 'malformed'; readonly code: MalformedCode; readonly detail: string }
  | SentEnvelopes

/** What a CPE sent in one POST. */
export interface SentEnvelopes {
  readonly kind: 'envelopes'
  readonly envelopes: readonly Envelope[]
  /** Codes of what was tolerated. */
  readonly warnings: readonly string[]
  /** What could not be read without: only where the device's profile allows it. Null: it is as XML has it. */
  readonly mended: { readonly by: Mending; readonly otherwise: MalformedCode } | null
  readonly bytes: number
  /** As it was sent, as a text. */
  readonly text: () => string
}

export type Mending = 'repairs' | 'charset'

const NO_REPAIRS = { controlCharacters: false, ampersands: false }
const BOTH_REPAIRS = { controlCharacters: true, ampersands: true }
const LATIN_1 = 'text/xml; charset=iso-8859-1'

/**
 * Reads a body strictly. What only a repair can make readable is read with it, but nothing comes of that before its
 * sender has proved who it is and the profile of its model was asked (isAllowed).
 */
export function readPost({ body, contentType }: PostBody, maxBytes: number): ReadPost {
  if (body.length === 0) return { kind: 'empty' }
  // Where longer bodies are let in, they may hold as much more: 4,000 names of parameters are 300 kB and 16,000 pieces.
  const limits = { ...defaultLimits, maxBytes, maxMarkup: Math.max(defaultLimits.maxMarkup, maxBytes / 8) }
  const strict = decodePost(body, contentType, { ...limits, repairs: NO_REPAIRS })
  if (strict.kind !== 'malformed') return sent(strict, null)
  const by = mendingFor(strict.code)
  if (by === null) return strict
  const again = decodePost(body, by === 'charset' ? LATIN_1 : contentType, { ...limits, repairs: BOTH_REPAIRS })
  return again.kind === 'envelopes' ? sent(again, { by, otherwise: strict.code }) : strict

  function sent(decoded: Exclude<DecodedPost, { kind: 'malformed' }>, mended: SentEnvelopes['mended']): ReadPost {
    if (decoded.kind === 'empty') return decoded
    const codes = decoded.warnings.map(({ code }) => code)
    const warnings = mended?.by === 'charset' ? [...codes, 'charset_of_profile'] : codes
    const text = () => textOf(body)
    return { kind: 'envelopes', envelopes: decoded.envelopes, warnings, mended, bytes: body.length, text }
  }
}

/** Whether this model's bodies may be put right as this one was. */
export function isAllowed({ warnings, mended }: SentEnvelopes, { repairs, charset }: ModelProfile): boolean {
  if (mended === null) return true
  if (mended.by === 'charset' && charset !== 'iso-8859-1') return false
  if (warnings.includes('control_characters_removed') && !repairs.controlCharacters) return false
  return repairs.ampersands || !warnings.includes('ampersand_repaired')
}

function mendingFor(code: MalformedCode): Mending | null {
  if (code === 'charset_invalid') return 'charset'
  return code === 'control_characters' || code === 'raw_ampersand' ? 'repairs' : null
}
