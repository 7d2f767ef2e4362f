import type { Span, SpanCheck } from '../format.ts'

/** That the bytes of a span sum up to what a "crc" archive says: no CRC, its name notwithstanding (cpio(5)). */
export function sumCheck(sum: number, { name, span }: { name: string; span: Span }): SpanCheck<boolean> {
  return {
    what: `sum of ${name}`,
    span,
    start: () => {
      let counted = 0
      return {
        update: (piece) => {
          counted = (counted + sumOf(piece)) | 0
        },
        finish: () => counted >>> 0 === sum,
      }
    },
  }
}

/** Lanes of 16 bits take so many bytes before one runs over into the next. */
const WORDS_AT_ONCE = 256
const EVEN_BYTES = 0x00ff_00ff

/** The sum of all bytes. Every byte of every image passes here: four of them are added at a time. */
function sumOf(piece: Uint8Array): number {
  const aligned = Math.min(piece.length, -piece.byteOffset & 3)
  const words = new Uint32Array(piece.buffer, piece.byteOffset + aligned, (piece.length - aligned) >>> 2)
  let sum = 0
  for (let from = 0; from < words.length; from += WORDS_AT_ONCE) {
    let lanes = 0
    let otherLanes = 0
    const to = Math.min(from + WORDS_AT_ONCE, words.length)
    for (let at = from; at < to; at += 1) {
      lanes += words[at]! & EVEN_BYTES
      otherLanes += (words[at]! >>> 8) & EVEN_BYTES
    }
    sum += (lanes & 0xffff) + (lanes >>> 16) + (otherLanes & 0xffff) + (otherLanes >>> 16)
  }
  for (let at = 0; at < aligned; at += 1) sum += piece[at]!
  for (let at = aligned + words.length * 4; at < piece.length; at += 1) sum += piece[at]!
  return sum
}
