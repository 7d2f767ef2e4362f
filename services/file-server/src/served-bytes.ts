/**
 * Which bytes of an image left this process for one attempt, over all of its requests, or are with the device by its own
 * word: disjoint, in order, ends excluded.
 */
export interface ServedBytes {
  /** Adds `[from, to)`. */
  add(from: number, to: number): void
  /** Bytes served at least once. */
  total(): number
}

/** A device that asks for a thousand scattered ranges gets them; only the count stops being exact, on the low side. */
const MAX_PIECES = 1_024

export function createServedBytes(): ServedBytes {
  let pieces: { from: number; to: number }[] = []
  return {
    add(from, to) {
      if (to <= from) return
      const apart = pieces.filter((piece) => piece.to < from || piece.from > to)
      if (apart.length >= MAX_PIECES) return
      const joined = pieces.filter((piece) => piece.to >= from && piece.from <= to)
      const merged = {
        from: Math.min(from, ...joined.map((piece) => piece.from)),
        to: Math.max(to, ...joined.map((piece) => piece.to)),
      }
      pieces = [...apart, merged].toSorted((a, b) => a.from - b.from)
    },
    total: () => pieces.reduce((sum, piece) => sum + piece.to - piece.from, 0),
  }
}
