import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Span, SpanCheck } from './format.ts'

export type HashName = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512'

/** Whether the hash of a span is the stated one. */
export function hashCheck(what: string, span: Span, algorithm: HashName, stated: Uint8Array): SpanCheck<boolean> {
  return {
    what,
    span,
    start: () => {
      const hash = createHash(algorithm)
      return { update: (piece) => void hash.update(piece), finish: () => hash.digest().equals(stated) }
    },
  }
}

/** Whether the CRC-32 of a span (ISO 3309, as of zip and Ethernet) is the stated one. */
export function crc32Check(what: string, span: Span, stated: number): SpanCheck<boolean> {
  return {
    what,
    span,
    start: () => {
      let crc = 0
      return { update: (piece) => void (crc = crc32(piece, crc)), finish: () => crc === stated }
    },
  }
}

/** Whether there is nothing in a span: what fills up to a boundary hides no bytes. */
export function zerosCheck(what: string, span: Span): SpanCheck<boolean> {
  return {
    what,
    span,
    start: () => {
      let zeros = true
      return {
        update: (piece) => {
          // Each byte is the one before it, and the first is zero: compared by the machine, not one by one.
          zeros &&=
            piece.length === 0 || (piece[0] === 0 && Buffer.compare(piece.subarray(1), piece.subarray(0, -1)) === 0)
        },
        finish: () => zeros,
      }
    },
  }
}

/** What was found out while reading, told among the checks. */
export function foundCheck(what: string, span: Span, holds: boolean): SpanCheck<boolean> {
  return { what, span, start: () => ({ update: () => undefined, finish: () => holds }) }
}
