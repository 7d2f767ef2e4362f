import { isDeepStrictEqual } from 'node:util'

import { decodeText } from '../src/charset.ts'
import { defaultLimits } from '../src/decode-post.ts'
import { readWithRepairs } from '../src/read-xml/read-with-repairs.ts'
import type { XmlElement } from '../src/xml-element.ts'
import { prepareXml } from './library-prepare.ts'
import { parseXml } from './library-reader.ts'

export type Comparison =
  | { readonly kind: 'both_read' | 'both_refuse' | 'trees_differ' | 'only_ours_reads' }
  | { readonly kind: 'only_library_reads'; readonly detail: string }

/** The same text by the library, in its safest dress, and by the reader of our own. */
export function compareReaders(text: string): Comparison {
  const theirs = readByLibrary(text)
  const ours = readWithRepairs(text, defaultLimits)
  if (ours.kind === 'read') {
    if (theirs === null) return { kind: 'only_ours_reads' }
    return { kind: isDeepStrictEqual(ours.roots, theirs) ? 'both_read' : 'trees_differ' }
  }
  return theirs === null ? { kind: 'both_refuse' } : { kind: 'only_library_reads', detail: ours.detail }
}

export function readByLibrary(text: string): readonly XmlElement[] | null {
  const prepared = prepareXml(text, defaultLimits)
  if (prepared.kind === 'refused') return null
  const parsed = parseXml(prepared.text, defaultLimits.maxDepth)
  return parsed.kind === 'parsed' && !parsed.strayText ? parsed.roots : null
}

/** As decodePost gets at it; null where the bytes are no text. */
export function textOfBytes(bytes: Uint8Array, contentType: string | undefined): string | null {
  const decoded = decodeText(bytes, contentType)
  return decoded.kind === 'invalid' ? null : decoded.text.trim()
}
