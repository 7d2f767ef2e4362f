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
          let sumOfPiece = counted
          // A plain loop: every byte of every image passes here.
          for (let at = 0; at < piece.length; at += 1) sumOfPiece = (sumOfPiece + piece[at]!) | 0
          counted = sumOfPiece
        },
        finish: () => counted >>> 0 === sum,
      }
    },
  }
}
