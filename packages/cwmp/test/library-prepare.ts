import type { DecodeLimits, MalformedCode, WarningCode } from '../src/message.ts'
import { withoutForbidden } from '../src/xml-writer.ts'

export type PreparedXml =
  | { readonly kind: 'ready'; readonly text: string; readonly warnings: readonly WarningCode[] }
  | { readonly kind: 'refused'; readonly code: MalformedCode; readonly detail: string }

/** An ampersand that starts none of the references XML itself defines. */
const RAW_AMPERSAND = /&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)/g

/** 1000 repairs: a body of ampersands alone would otherwise reach the parser five times as long. */
const MAX_GROWTH = 4_000

/** A real device copies our header elements into its answers and sets this attribute a second time. */
const REPEATED_MUST_UNDERSTAND = /(\s[\w-]+:mustUnderstand="[^"<>]*")\s[\w-]+:mustUnderstand="[^"<>]*"/g

/**
 * One linear pass before any parser sees the text: refuses document types (SOAP 1.1 section 3 forbids
 * them, and they are the door of every entity attack), caps the amount of markup, removes forbidden
 * control characters, and escapes `&` that starts no reference, so that no entity but the five of
 * XML survives. Comments and CDATA sections are passed over as they stand.
 */
export function prepareXml(raw: string, limits: DecodeLimits): PreparedXml {
  const warnings = new Set<WarningCode>()
  const text = withoutForbidden(raw)
  if (text !== raw) warnings.add('control_characters_removed')
  const pieces: string[] = []
  let markup = 0
  let at = 0
  while (at < text.length) {
    const open = text.indexOf('<', at)
    const end = open === -1 ? text.length : open
    const words = text.slice(at, end)
    const single = words.includes(':mustUnderstand') ? words.replace(REPEATED_MUST_UNDERSTAND, '$1') : words
    const safe = single.includes('&') ? single.replace(RAW_AMPERSAND, '&amp;') : single
    if (single !== words) warnings.add('attribute_repeated')
    if (safe !== single) warnings.add('ampersand_repaired')
    pieces.push(safe)
    if (open === -1) break
    if (++markup > limits.maxMarkup)
      return refused('too_many_elements', `more than ${limits.maxMarkup} pieces of markup`)
    const opaque = opaqueEnd(text, open)
    if (opaque === 'doctype') return refused('doctype', 'a document type is not accepted')
    if (opaque === 'unclosed') return refused('not_well_formed', 'a comment or CDATA section is not closed')
    pieces.push(text.slice(open, opaque))
    at = opaque
  }
  const prepared = pieces.join('')
  if (prepared.length - text.length > MAX_GROWTH) return refused('not_well_formed', 'too many raw ampersands')
  return { kind: 'ready', text: prepared, warnings: [...warnings] }
}

/** Where the comment or CDATA section at `open` ends; for a tag, the place after its `<`. */
function opaqueEnd(text: string, open: number): number | 'doctype' | 'unclosed' {
  if (text[open + 1] !== '!') return open + 1
  if (text.startsWith('<!--', open)) return after(text, '-->', open + 4)
  if (text.startsWith('<![CDATA[', open)) return after(text, ']]>', open + 9)
  return 'doctype'
}

function after(text: string, mark: string, from: number): number | 'unclosed' {
  const found = text.indexOf(mark, from)
  return found === -1 ? 'unclosed' : found + mark.length
}

function refused(code: MalformedCode, detail: string): PreparedXml {
  return { kind: 'refused', code, detail }
}
