import type { Span, SpanRun } from './format.ts'

/** A check under way and the bytes it waits for. */
export interface Listener {
  readonly span: Span
  readonly run: Pick<SpanRun<unknown>, 'update'>
}

/**
 * Reads an image once, from its first to its last byte, and gives each listener the bytes of its span: however many
 * digests and signatures there are, the bytes come from the disk one time, and no piece is copied. Returns how many
 * bytes there were.
 */
export async function onePass(stream: AsyncIterable<Uint8Array>, listeners: readonly Listener[]): Promise<number> {
  let at = 0
  for await (const piece of stream) {
    for (const { span, run } of listeners) {
      const from = Math.max(span.start, at)
      const to = Math.min(span.end, at + piece.length)
      if (from < to) run.update(piece.subarray(from - at, to - at))
    }
    at += piece.length
  }
  return at
}
