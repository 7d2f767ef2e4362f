import { rankHash } from '@sluice/rollout'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NO_RANK, likelyWave, locatePlaces, wavePlaces } from './waves-by-rank.ts'

const auto = { advance: 'auto' as const }

test('places are exact sizes, with canaries before them as many as were found', () => {
  const waves = [
    { size: { devices: ['a', 'b', 'c'] }, ...auto },
    { size: { count: 5 }, ...auto },
    { size: { percent: 10 }, ...auto },
    { size: { percent: 100 }, ...auto },
  ]
  expect(wavePlaces(waves, 100, new Map([[1, 2]]))).toEqual([5, 15])
  expect(wavePlaces(waves, 4, new Map([[1, 2]]))).toEqual([2, 2])
})

test('a share of the ranks is a share of the devices, so that few are put right afterwards', () => {
  const waves = [
    { size: { percent: 1 }, ...auto },
    { size: { percent: 10 }, ...auto },
    { size: { percent: 100 }, ...auto },
  ]
  const counts = [0, 0, 0]
  for (let index = 0; index < 20_000; index++) counts[likelyWave(rankHash(`device ${index}`, 'seed'), waves) - 1]! += 1
  const [places] = [wavePlaces(waves, 20_000, new Map())]
  const wrong = Math.abs(counts[0]! - places[0]!) + Math.abs(counts[0]! + counts[1]! - places[1]!)
  expect(wrong).toBeLessThan(400)
})

test('a place is found in its group, whatever the sizes', () => {
  const groups = fc.array(fc.nat({ max: 5 }), { maxLength: 20 })
  fc.assert(
    fc.property(groups, fc.nat({ max: 120 }), (sizes, place) => {
      const prefixes = sizes.map((n, index) => ({ prefix: String(index).padStart(3, '0'), n }))
      const all = prefixes.flatMap(({ prefix, n }) => Array.from({ length: n }, (_, offset) => ({ prefix, offset })))
      expect(locatePlaces(prefixes, [place])[0] ?? null).toEqual(all[place] ?? null)
    }),
  )
  expect('ffffffffffffffff' < NO_RANK).toBe(true)
})
