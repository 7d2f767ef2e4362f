import type { ImageFacts } from './image-facts.ts'
import type { PresentedSignature } from '../judge.ts'
import type { PublicKey } from '../signatures/public-key.ts'

/** The formats this package reads. Anything else is `raw`: bytes of which only detached signatures say something. */
export type ImageFormat =
  | 'raw'
  | 'openwrt_sysupgrade'
  | 'tr069_signed_package'
  | 'rauc_bundle'
  | 'swupdate'
  | 'fit'
  | 'uimage'

/** The bytes from `start` up to, and not including, `end`. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** An image that lies somewhere and does not change while it is looked at. */
export interface ImageSource {
  readonly size: number
  /** Exactly the bytes of a span that lies inside the image. RangeError: it does not, which is the parser's mistake. */
  read(span: Span): Promise<Uint8Array>
}

/**
 * Reads what an image says about itself, by few and small reads, and says what is to be established over its bytes. Pure
 * but for the reads; hostile bytes are refused with a reason and never throw.
 */
export interface ImageParser {
  readonly format: ImageFormat
  /** Whether the image begins or ends as this format does: a guess that the parser then confirms or refuses. */
  recognises(ends: ImageEnds): boolean
  parse(source: ImageSource): Promise<Parsed>
}

/** The first and the last bytes of an image: up to 64 of each, fewer where it is shorter. */
export interface ImageEnds {
  readonly head: Uint8Array
  readonly tail: Uint8Array
}

export type Parsed =
  | { readonly kind: 'parsed'; readonly image: ParsedImage }
  | { readonly kind: 'refused'; readonly code: FormatRefusal; readonly detail: string }

export type FormatRefusal =
  /** It looks like another format than it was declared as. */
  | 'format_mismatch'
  | 'format_truncated'
  | 'format_malformed'
  | 'format_limit_exceeded'
  | 'format_spans_overlap'
  | 'format_span_out_of_range'
  | 'format_trailing_bytes'
  | 'format_path_unsafe'
  | 'format_duplicate'
  | 'format_version_not_supported'
  | 'format_feature_not_supported'

export interface ParsedImage {
  readonly format: ImageFormat
  readonly facts: ImageFacts
  /** Checksums and digests that the image states about its own bytes: each has to hold. They prove no origin. */
  readonly digests: readonly SpanCheck<boolean>[]
  /** Signatures that the image carries. */
  readonly signatures: readonly EmbeddedSignature[]
  /** What neither a digest nor a signature covers, and why a change there is harmless. Empty for most formats. */
  readonly unsigned: readonly UnsignedSpan[]
}

/** Something to be established over a span of the image, in the one pass over its bytes. */
export interface SpanCheck<T> {
  /** What it is, for the evidence: `sha256 of rootfs.img`, `crc32 of the metadata`. */
  readonly what: string
  readonly span: Span
  start(): SpanRun<T>
}

/** A check under way: fed exactly the bytes of its span, once, in order, in pieces of any size; then asked. */
export interface SpanRun<T> {
  update(piece: Uint8Array): void
  finish(): T | Promise<T>
}

/**
 * A signature within the image. `over` are its signed bytes: an empty span where they are few and were read while
 * parsing. The keys of the trust store are given when the pass begins.
 */
export interface EmbeddedSignature {
  readonly what: string
  readonly over: Span
  /**
   * `legacy`: by a hash that no longer resists collisions (SHA-1, TR-069 Annex E). It is checked and told, and never
   * suffices.
   */
  readonly strength: 'full' | 'legacy'
  start(keys: readonly PublicKey[], now: number): SpanRun<PresentedSignature['outcome']>
}

export interface UnsignedSpan {
  readonly span: Span
  readonly why: string
}

export function refusedImage(code: FormatRefusal, detail: string): Parsed {
  return { kind: 'refused', code, detail }
}
