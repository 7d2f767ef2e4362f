import type { Span } from './format.ts'

/** In order, each byte once. */
export function united(spans: readonly Span[]): Span[] {
  const result: Span[] = []
  for (const span of spans.filter(({ start, end }) => start < end).toSorted((a, b) => a.start - b.start)) {
    const last = result.at(-1)
    if (last === undefined || last.end < span.start) result.push(span)
    else result[result.length - 1] = { start: last.start, end: Math.max(last.end, span.end) }
  }
  return result
}

/** What of a span lies in none of these. */
export function without(span: Span, spans: readonly Span[]): Span[] {
  const rest: Span[] = []
  let at = span.start
  for (const { start, end } of united(spans)) {
    if (end <= at || start >= span.end) continue
    if (at < start) rest.push({ start: at, end: start })
    at = end
  }
  return at < span.end ? [...rest, { start: at, end: span.end }] : rest
}

/** Two of these share a byte. */
export function overlap(spans: readonly Span[]): boolean {
  const length = (some: readonly Span[]) => some.reduce((sum, { start, end }) => sum + end - start, 0)
  return length(united(spans)) !== length(spans)
}
