import type { DecodeLimits, Repairs, WarningCode } from '../message.ts'
import { withoutForbidden } from '../xml-writer.ts'
import type { XmlElement } from '../xml-element.ts'
import { readXml, type ReadXml } from './read-xml.ts'
import type { RefusalCode } from './refusal.ts'
import { repairAmpersands } from './repair-ampersands.ts'

export type ReadPost =
  | { readonly kind: 'read'; readonly roots: readonly XmlElement[]; readonly warnings: readonly WarningCode[] }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly detail: string }

/** What a caller gets who says nothing about repairs: both. */
const BOTH: Repairs = { controlCharacters: true, ampersands: true }

/** Strictly at first; then, where only what may be repaired stands in the way, with those repairs. */
export function readWithRepairs(raw: string, { maxDepth, maxMarkup, repairs = BOTH }: DecodeLimits): ReadPost {
  let text = raw
  let dropForbidden = false
  let escaped = false
  // Each repair is made once, so this ends: at most three readings.
  for (;;) {
    const result = readXml(text, { maxDepth, maxMarkup, dropForbidden })
    if (result.kind === 'read') return { ...result, warnings: warningsOf(result, { dropForbidden, escaped }) }
    if (result.code === 'control_characters' && repairs.controlCharacters && !dropForbidden) {
      dropForbidden = true
      text = withoutForbidden(text)
    } else if (result.code === 'raw_ampersand' && repairs.ampersands && !escaped) {
      escaped = true
      const repaired = repairAmpersands(text)
      if (repaired === null) return { kind: 'refused', code: 'not_well_formed', detail: 'too many raw ampersands' }
      text = repaired
    } else {
      return result
    }
  }
}

function warningsOf(
  { repeated }: Extract<ReadXml, { kind: 'read' }>,
  { dropForbidden, escaped }: { readonly dropForbidden: boolean; readonly escaped: boolean },
): WarningCode[] {
  return [
    ...(dropForbidden ? (['control_characters_removed'] as const) : []),
    ...(repeated ? (['attribute_repeated'] as const) : []),
    ...(escaped ? (['ampersand_repaired'] as const) : []),
  ]
}
