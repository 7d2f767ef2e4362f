import type { ImageSource, Span } from '../format.ts'
import { refuse } from '../refuse.ts'

export const FDT_MAGIC = 0xd00dfeed
const HEADER_BYTES = 40
/** An empty memory reservation map: one entry of two zeros. */
const RESERVATIONS = { start: HEADER_BYTES, end: HEADER_BYTES + 16 }
const VERSION = 17
const COMPATIBLE = 16
/** The word of the header that says how long the tree is, room at its end included. */
export const TOTAL_SIZE_WORD = { start: 4, end: 8 }

/** Where the parts of a flattened tree lie. */
export interface FdtLayout {
  readonly struct: Span
  readonly strings: Span
  /** The end of the tree: what lies between the strings and it is room that was not needed. */
  readonly end: number
}

/**
 * Reads the header of a flattened device tree (Devicetree Specification 5.2). Only the layout that dtc and mkimage write
 * is taken: header, no memory reservations, structure, strings, with nothing between them.
 */
export async function readFdtHeader(source: ImageSource): Promise<FdtLayout> {
  if (source.size < RESERVATIONS.end) refuse('format_truncated', `${source.size} bytes are no tree`)
  const header = Buffer.from(await source.read({ start: 0, end: RESERVATIONS.end }))
  const word = (at: number) => header.readUInt32BE(at)
  const total = word(4)
  const struct = { start: word(8), end: word(8) + word(36) }
  const strings = { start: word(12), end: word(12) + word(32) }
  if (word(20) !== VERSION || word(24) !== COMPATIBLE)
    refuse('format_version_not_supported', `tree of version ${word(20)}, compatible with ${word(24)}`)
  if (word(16) !== RESERVATIONS.start || struct.start !== RESERVATIONS.end)
    refuse('format_feature_not_supported', 'the tree does not begin as dtc writes it, without memory reservations')
  if (header.subarray(RESERVATIONS.start).some((byte) => byte !== 0) || word(28) !== 0)
    refuse('format_feature_not_supported', 'memory reservations, or a boot processor')
  if (strings.start !== struct.end) refuse('format_malformed', 'the strings do not follow the structure')
  if (strings.end > total)
    refuse('format_span_out_of_range', `strings up to ${strings.end} in a tree of ${total} bytes`)
  if (total > source.size) refuse('format_truncated', `a tree of ${total} bytes in ${source.size}`)
  return { struct, strings, end: total }
}
