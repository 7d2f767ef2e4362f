import { crc32Check } from '../digest-checks.ts'
import type { ImageSource, Span, SpanCheck } from '../format.ts'
import { refuse } from '../refuse.ts'

/** `FWx0` */
export const MAGIC = 0x46577830
export const TRAILER_BYTES = 16
const INFO_HEADER_BYTES = 8

const SIGNATURE = 0
const INFO = 1
/** A certificate file of ucert has at most 4096 bytes, metadata 30 KiB (fwtool). */
const LONGEST = { signature: 4_096, metadata: 30 * 1024 } as const

/** What fwtool appended to an image: the data, then a trailer that says how long it is. */
export interface Chunk {
  readonly kind: 'signature' | 'metadata'
  /** With its trailer. */
  readonly span: Span
  readonly data: Buffer
  /** Over every byte before the trailer, from the first of the image on. */
  readonly crc: SpanCheck<boolean>
}

/** The chunks at the end of an image, in the order of its bytes: metadata, a signature, or one after the other. */
export async function readChunks(source: ImageSource): Promise<readonly Chunk[]> {
  const signature = await readChunk(source, source.size, 'signature')
  const metadata = await readChunk(source, signature?.span.start ?? source.size, 'metadata')
  const more = metadata ?? signature
  if (more === null) refuse('format_malformed', 'no trailer of metadata or of a signature')
  if (await hasTrailer(source, more.span.start))
    refuse('format_duplicate', 'metadata or a signature twice, or in another order')
  return [metadata, signature].filter((chunk) => chunk !== null)
}

/** Null: no chunk of this kind ends here. */
async function readChunk(source: ImageSource, end: number, kind: Chunk['kind']): Promise<Chunk | null> {
  if (!(await hasTrailer(source, end))) return null
  const dataEnd = end - TRAILER_BYTES
  const trailer = Buffer.from(await source.read({ start: dataEnd, end }))
  const type = trailer[8]
  if (type !== SIGNATURE && type !== INFO) refuse('format_feature_not_supported', `a chunk of type ${type}`)
  if ((type === SIGNATURE) !== (kind === 'signature')) return null
  if (trailer[9] !== 0 || trailer[10] !== 0 || trailer[11] !== 0)
    refuse('format_malformed', 'a trailer is not filled with zeros')
  const length = trailer.readUInt32BE(12) - TRAILER_BYTES
  const header = kind === 'metadata' ? INFO_HEADER_BYTES : 0
  if (length < header) refuse('format_malformed', `a chunk of ${length} bytes`)
  if (length - header > LONGEST[kind])
    refuse('format_limit_exceeded', `${kind} of ${length} bytes; at most ${LONGEST[kind]}`)
  const start = dataEnd - length
  if (start < 0) refuse('format_span_out_of_range', `${kind} of ${length} bytes in an image of ${source.size}`)
  const data = Buffer.from(await source.read({ start, end: dataEnd }))
  if (data.subarray(0, header).some((byte) => byte !== 0))
    refuse('format_version_not_supported', 'metadata of another version')
  // fwtool leaves out the inversion at the end that is usual.
  const stated = ~trailer.readUInt32BE(4) >>> 0
  const crc = crc32Check(`crc32 of all before the ${kind} trailer`, { start: 0, end: dataEnd }, stated)
  return { kind, span: { start, end }, data: data.subarray(header), crc }
}

async function hasTrailer(source: ImageSource, end: number): Promise<boolean> {
  if (end < TRAILER_BYTES) return false
  const magic = await source.read({ start: end - TRAILER_BYTES, end: end - TRAILER_BYTES + 4 })
  return Buffer.from(magic).readUInt32BE() === MAGIC
}
