import type { ImageSource } from './format.ts'

const AHEAD = 64 * 1024

/**
 * An image that is read in longer pieces than it is asked for: many small reads, one after the other, are few. At most
 * 64 KiB are held; a longer read goes through.
 */
export function readAhead(source: ImageSource): ImageSource {
  let [heldFrom, held] = [0, new Uint8Array()]
  return {
    size: source.size,
    read: async ({ start, end }) => {
      if (end - start > AHEAD) return source.read({ start, end })
      if (start < heldFrom || end > heldFrom + held.length) {
        held = (await source.read({ start, end: Math.max(end, Math.min(start + AHEAD, source.size)) })) as typeof held
        heldFrom = start
      }
      return held.slice(start - heldFrom, end - heldFrom)
    },
  }
}
