import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Span } from './format.ts'
import { overlap, united, without } from './spans.ts'

const SPAN = fc.tuple(fc.nat(30), fc.nat(30)).map(([a, b]): Span => ({ start: Math.min(a, b), end: Math.max(a, b) }))
const bytesOf = (spans: readonly Span[]) =>
  spans.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, index) => start + index))

it('unites spans into the same bytes, each once and in order', () => {
  fc.assert(
    fc.property(fc.array(SPAN, { maxLength: 6 }), (spans) => {
      expect(bytesOf(united(spans))).toEqual([...new Set(bytesOf(spans))].toSorted((a, b) => a - b))
    }),
  )
})

it('leaves of a span what lies in no other', () => {
  fc.assert(
    fc.property(SPAN, fc.array(SPAN, { maxLength: 6 }), (span, spans) => {
      const taken = new Set(bytesOf(spans))
      expect(bytesOf(without(span, spans))).toEqual(bytesOf([span]).filter((at) => !taken.has(at)))
    }),
  )
})

it('tells whether two share a byte', () => {
  fc.assert(
    fc.property(fc.array(SPAN, { maxLength: 4 }), (spans) => {
      expect(overlap(spans)).toBe(new Set(bytesOf(spans)).size !== bytesOf(spans).length)
    }),
  )
})
