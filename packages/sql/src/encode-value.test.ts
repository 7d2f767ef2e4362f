import fc from 'fast-check'
import { expect, test } from 'vitest'
import { json } from './encode-value.ts'

test('JSON for a column is what JSON.stringify writes, but for NUL and lone surrogates', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const text = json(value)
      expect(text).not.toMatch(/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/)
      const plain = JSON.stringify(value)
      if (!/\\u(?:0000|d[89a-f])/.test(plain)) expect(text).toBe(plain)
    }),
    { numRuns: 2_000 },
  )
  expect(json({ 'a\0': ['\ud800x', 'says \\u0000', { deep: '\0' }] })).toBe(
    String.raw`{"a�":["�x","says \\u0000",{"deep":"�"}]}`,
  )
})
