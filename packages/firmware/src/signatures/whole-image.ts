/**
 * Ed25519 reads the message twice (RFC 8032 5.1.7) and so cannot be streamed: the image is held in memory, once for all
 * signatures, up to this many bytes. Above it: `image_too_large_for_algorithm`. ECDSA, RSA and what signs a hash have no
 * such limit.
 */
export const MAX_WHOLE_IMAGE_BYTES = 256 * 1024 * 1024

/** An image that is gathered from its first byte on, once for all who need its beginning, or all of it, at one time. */
export interface WholeImage {
  /** Bytes from `at` on. What is held already is not held again: all who need it may keep the same piece. */
  keep(at: number, piece: Uint8Array): void
  /** The first bytes, up to `end`. Null: there are more than may be held. */
  upTo(end: number): Uint8Array | null
}

/** Holds nothing until something is kept. `expectedBytes`: how long the image will be, so that room is made once. */
export function holdImage({ expectedBytes = 0, maxBytes = MAX_WHOLE_IMAGE_BYTES } = {}): WholeImage {
  let held: Buffer | null = null
  let size = 0
  const makeRoom = (end: number) => {
    held ??= Buffer.allocUnsafe(Math.min(expectedBytes, maxBytes))
    if (end > held.length) held = Buffer.concat([held], Math.max(end, Math.min(2 * held.length, maxBytes)))
    return held
  }
  return {
    keep: (at, piece) => {
      const end = at + piece.length
      if (at > size) throw new RangeError(`${size} bytes are held: none can be kept from ${at} on`)
      if (end <= size) return
      if (end > maxBytes) held = null
      else makeRoom(end).set(piece.subarray(size - at), size)
      size = end
    },
    upTo: (end) => (size > maxBytes || end > size ? null : (held ?? Buffer.alloc(0)).subarray(0, end)),
  }
}
