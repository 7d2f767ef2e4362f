import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareVersions } from './compare-versions.ts'

test.each([
  ['1.9', '1.10'],
  ['V5.2.10P4T9', 'V5.2.10P4T26'],
  ['1.00(AAQU.1)b20', '1.00(AAQU.1)b100'],
  ['2026.1', '2026.1.1'],
  ['1.0-beta', '1.0.1'],
  ['99999999999999999998', '99999999999999999999'],
])('%s comes before %s', (less, more) => {
  expect(compareVersions(less, more)).toBeLessThan(0)
  expect(compareVersions(more, less)).toBeGreaterThan(0)
})

test('numbers compare as numbers, whatever their zeros', () => {
  expect(compareVersions('1.02', '1.2')).toBe(0)
  expect(compareVersions('v1_2', 'V1.2')).toBe(0)
})

test('any versions have one order: the same from both sides, and in any company', () => {
  const version = fc.oneof(
    fc.string({ maxLength: 64, unit: 'binary' }),
    fc
      .array(fc.oneof(fc.nat({ max: 12 }).map(String), fc.constantFrom('.', '-', 'a', 'B', 'rc', '0')), {
        maxLength: 8,
      })
      .map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      expect(Math.sign(compareVersions(a, b))).toBe(0 - Math.sign(compareVersions(b, a)))
      expect(compareVersions(a, a)).toBe(0)
      const [x, y, z] = [a, b, c].toSorted(compareVersions)
      expect(compareVersions(x!, y!)).toBeLessThanOrEqual(0)
      expect(compareVersions(y!, z!)).toBeLessThanOrEqual(0)
      expect(compareVersions(x!, z!)).toBeLessThanOrEqual(0)
    }),
    { numRuns: 2_000 },
  )
})
