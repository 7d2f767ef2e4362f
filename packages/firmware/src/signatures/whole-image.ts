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

/**
 * Holds nothing until something is kept. `expectedBytes`: how long the image will be, so that room is made once, and none
 * for one that is too large from the outset.
 */
export function holdImage({ expectedBytes = 0, maxBytes = MAX_WHOLE_IMAGE_BYTES } = {}): WholeImage {
  let held: Buffer | null = null
  let size = 0
  const isTooLarge = () => Math.max(size, expectedBytes) > maxBytes
  const makeRoom = (end: number) => {
    held ??= Buffer.allocUnsafe(expectedBytes)
    if (end > held.length) held = Buffer.concat([held], Math.max(end, Math.min(2 * held.length, maxBytes)))
    return held
  }
  return {
    keep: (at, piece) => {
      const end = at + piece.length
      if (at > size) throw new RangeError(`${size} bytes are held: none can be kept from ${at} on`)
      if (end <= size) return
      const fresh = piece.subarray(size - at)
      const from = size
      size = end
      if (isTooLarge()) held = null
      else makeRoom(end).set(fresh, from)
    },
    upTo: (end) => (isTooLarge() || end > size ? null : (held ?? Buffer.alloc(0)).subarray(0, end)),
  }
}
