import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from './canonical-json.ts'

/** As the chain was written first. Rows that were sealed with it have to verify for ever. */
function asSealedFirst(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

test('what was sealed once has the same text for ever', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(canonicalJson(value)).toBe(asSealedFirst(value))
    }),
    { numRuns: 2_000 },
  )
  const awkward = JSON.parse('{"b":1,"10":2,"9":3,"01":4,"__proto__":{"z":1,"a":2},"é":5,"E":6,"":7}') as unknown
  expect(canonicalJson(awkward)).toBe(asSealedFirst(awkward))
})
