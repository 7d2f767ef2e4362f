import fc from 'fast-check'
import { expect, test } from 'vitest'

import { assignWaves, rankHash, waveOf, waveSizes } from './assign-waves.ts'
import type { Wave } from './policy.ts'

const waves: Wave[] = [
  { size: { count: 5 }, advance: 'manual' },
  { size: { percent: 10 }, advance: 'auto' },
  { size: { percent: 100 }, advance: 'auto' },
]
const keys = Array.from({ length: 1000 }, (_, index) => `dev_${index}`)

test('rule 1; request 23: sizes are exact and the last wave takes the remainder', () => {
  const assigned = assignWaves(keys, 'seed', waves)
  const sizes = waves.map((_, wave) => [...assigned.values()].filter((own) => own === wave).length)
  expect(sizes).toEqual([5, 100, 895])
  expect(waveSizes(1000, [{ size: { count: 5 }, advance: 'auto' }])).toEqual([1000])
})

test('every device is in one wave, whatever the sizes', () => {
  const size = fc.oneof(fc.record({ count: fc.nat(50) }), fc.record({ percent: fc.nat(100) }))
  fc.assert(
    fc.property(fc.array(size, { minLength: 1, maxLength: 5 }), fc.nat(200), (sizes, total) => {
      const plan = sizes.map((own): Wave => ({ size: own, advance: 'auto' }))
      expect(waveSizes(total, plan).reduce((sum, count) => sum + count, 0)).toBe(total)
      expect(waveSizes(total, plan).every((count) => count >= 0)).toBe(true)
    }),
  )
})

test('rule 1: the order of the list does not matter, the seed does', () => {
  const assigned = assignWaves(keys, 'seed', waves)
  expect(assignWaves(keys.toReversed(), 'seed', waves)).toEqual(new Map([...assigned].toReversed()))
  const other = assignWaves(keys, 'other', waves)
  expect(keys.map((key) => other.get(key))).not.toEqual(keys.map((key) => assigned.get(key)))
})

test('rule 2: a late joiner falls into the place its hash has', () => {
  const late = Array.from({ length: 2000 }, (_, index) => `late_${index}`)
  const counts = [0, 0, 0]
  for (const key of late) counts[waveOf(key, 'seed', waves, 1000)]! += 1
  expect(counts[1]! / 2000).toBeGreaterThan(0.07)
  expect(counts[1]! / 2000).toBeLessThan(0.13)
  const byRank = late
    .toSorted((a, b) => (rankHash(a, 'seed') < rankHash(b, 'seed') ? -1 : 1))
    .map((key) => waveOf(key, 'seed', waves, 1000))
  expect(byRank).toEqual(byRank.toSorted((a, b) => a - b))
})
