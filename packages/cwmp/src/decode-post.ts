import { decodeText } from './charset.ts'
import { decodeEnvelope } from './decode-envelope.ts'
import type { DecodedPost, DecodeLimits, Envelope, MalformedCode, WarningCode } from './message.ts'
import { readWithRepairs } from './read-xml/read-with-repairs.ts'
import { MalformedMessage } from './reading.ts'
import type { XmlElement } from './xml-element.ts'

/** For a device that is not authenticated yet; larger bodies cost about a second of CPU per megabyte. */
export const defaultLimits: DecodeLimits = { maxBytes: 131_072, maxDepth: 32, maxMarkup: 20_000, maxEnvelopes: 4 }

/** Reads the body of one POST of a CPE. Never throws on what a device sends. */
export function decodePost(
  bytes: Uint8Array,
  contentType: string | undefined,
  limits: DecodeLimits = defaultLimits,
): DecodedPost {
  if (bytes.length > limits.maxBytes) return malformed('too_large', `more than ${limits.maxBytes} bytes`)
  const decoded = decodeText(bytes, contentType)
  if (decoded.kind === 'invalid') return malformed('charset_invalid', 'the bytes do not fit the charset')
  const text = decoded.text.trim()
  if (text === '') return { kind: 'empty' }
  const read = readWithRepairs(text, limits)
  if (read.kind === 'refused') return malformed(read.code, read.detail)
  return decodeRoots(read.roots, limits, [...(decoded.guessed ? (['charset_unknown'] as const) : []), ...read.warnings])
}

/** MaxEnvelopes is 1 (TR-069 3.5), yet there are CPE that send several: all of them are read, or none. */
function decodeRoots(roots: readonly XmlElement[], limits: DecodeLimits, noticed: readonly WarningCode[]): DecodedPost {
  if (roots.length === 0 || roots.some((root) => root.name !== 'Envelope')) {
    return malformed('not_an_envelope', 'the root element is not an Envelope')
  }
  if (roots.length > limits.maxEnvelopes) return malformed('too_many_envelopes', `${roots.length} envelopes`)
  const codes = new Set(noticed)
  if (roots.length > 1) codes.add('several_envelopes')
  const envelopes: Envelope[] = []
  try {
    for (const root of roots) envelopes.push(decodeEnvelope(root, { warn: (code) => codes.add(code) }))
  } catch (error) {
    if (error instanceof MalformedMessage) return malformed(error.code, error.message)
    throw error
  }
  return { kind: 'envelopes', envelopes, warnings: [...codes].map((code) => ({ code })) }
}

function malformed(code: MalformedCode, detail: string): DecodedPost {
  return { kind: 'malformed', code, detail }
}
