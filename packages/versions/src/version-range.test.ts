import { expect, test } from 'vitest'
import { isVersionWithin } from './version-range.ts'

test('a range has its first version and not its last', () => {
  const range = { from: '1.9', below: '1.12' }
  expect(['1.8', '1.9', '1.11', '1.12'].map((version) => isVersionWithin(range, version))).toEqual([
    false,
    true,
    true,
    false,
  ])
})

test('what a range does not name does not bind', () => {
  expect(isVersionWithin({}, 'anything')).toBe(true)
  expect(isVersionWithin({ below: '2' }, '1')).toBe(true)
  expect(isVersionWithin({ from: '2' }, '10')).toBe(true)
})
