import { createHash } from 'node:crypto'
import type { Span, SpanCheck } from './format.ts'

/** That the bytes of a span have the digest an image states, in hexadecimal. */
export function digestCheck(
  algorithm: 'sha1' | 'sha256',
  hex: string,
  { name, span }: { name: string; span: Span },
): SpanCheck<boolean> {
  return {
    what: `${algorithm} of ${name}`,
    span,
    start: () => {
      const hash = createHash(algorithm)
      return { update: (piece) => void hash.update(piece), finish: () => hash.digest('hex') === hex.toLowerCase() }
    },
  }
}
