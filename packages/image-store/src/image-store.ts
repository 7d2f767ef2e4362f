import type { Readable } from 'node:stream'

/**
 * Where images lie: `quarantine/<artifactId>` until the verifier trusts them, then `sha256/<digest>`, which never
 * changes. `artifact/<artifactId>` holds the digest of a promoted artifact, and never changes either. An object store can do the
 * same: put, get by range, copy, delete; only the sweep lists, and nothing locks or renames.
 *
 * Every method throws ImageStoreError `unavailable` when the medium fails and `bad_name` for ids that are none.
 */
export interface ImageStore {
  /**
   * Stores a stream in quarantine, measuring it on the way. All or nothing: what broke off leaves what was there before.
   * Throws `source_failed` when the source does, `aborted` when the signal says so.
   */
  quarantine(
    artifactId: string,
    source: AsyncIterable<Uint8Array>,
    limits: { readonly maxBytes: number; readonly signal?: AbortSignal },
  ): Promise<Quarantined>
  /** An image in quarantine, for the verifier: whole, and here and there. Close what was opened. */
  openQuarantined(artifactId: string): Promise<QuarantinedImage | { readonly kind: 'absent' }>
  /**
   * Copies an image out of quarantine under its digest, hashing it again: what is served is what was judged. Then, with
   * the image in its place, writes down which digest the artifact has. Done twice it is done once; where the image is
   * there already, only what is missing is written. One caller at a time for one artifact: who knows its digest.
   */
  promote(artifactId: string, sha256: string): Promise<Promoted>
  /** The digest of a promoted artifact; null: it was not promoted. A digest, once answered, holds for ever. */
  digestOf(artifactId: string): Promise<string | null>
  /** The bytes of a promoted image; `range` is inclusive at both ends and inside the image. */
  open(sha256: string, range?: ByteRange): Promise<OpenedImage>
  /** How long a promoted image is, without opening it. */
  size(sha256: string): Promise<number | null>
  /**
   * Takes an image out of quarantine; with `olderThan` (epoch ms), only one that was stored before. Promoted images stay.
   * Removing what is not there is done already.
   */
  remove(artifactId: string, only?: { readonly olderThan: number }): Promise<void>
  /**
   * Deletes a promoted image whose bytes are no longer those of its digest, so that it can be promoted anew. Discarding
   * what is not there is done already.
   */
  discard(sha256: string): Promise<void>
  /** What lies in quarantine, and since when (epoch ms), for the sweep. */
  listQuarantined(): Promise<readonly { readonly artifactId: string; readonly since: number }[]>
  /** Deletes what writers that were killed left half written, if nothing moved in it since `before` (epoch ms); how many those were. */
  sweepUnfinished(before: number): Promise<number>
}

/** The same bytes for as long as it is open, whatever comes to lie in its place: what is parsed is what is hashed. */
export interface QuarantinedImage {
  readonly kind: 'open'
  /** In bytes. */
  readonly size: number
  /** All of it, from the first byte. May be called again. */
  stream(): Readable
  /** A part of it, in memory of its own; `range` is as in `open`. */
  read(range: ByteRange): Promise<Uint8Array>
  close(): Promise<void>
}

/** First and last byte, counted from 0. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

export type Quarantined =
  | { readonly kind: 'stored'; readonly size: number; readonly sha256: string }
  | { readonly kind: 'too_large'; readonly maxBytes: number }

export type Promoted =
  | { readonly kind: 'promoted'; readonly size: number }
  | { readonly kind: 'absent' }
  /** What lies in quarantine is not what was judged. */
  | { readonly kind: 'digest_mismatch'; readonly sha256: string }
  /** The artifact was promoted before, under this other digest, which it keeps. */
  | { readonly kind: 'promoted_before'; readonly sha256: string }

export type OpenedImage =
  | { readonly kind: 'open'; /** Of the whole image, in bytes. */ readonly size: number; readonly stream: Readable }
  | { readonly kind: 'absent' }
