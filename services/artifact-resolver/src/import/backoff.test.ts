import { expect, it } from 'vitest'
import { backoffMs } from './backoff.ts'

it('leaves a failing server alone twice as long each time, and a quarter of an hour at most', () => {
  expect([1, 2, 3, 4, 5, 6, 100].map((failures) => backoffMs(failures, 30_000) / 1_000)).toEqual([
    30, 60, 120, 240, 480, 900, 900,
  ])
  expect(backoffMs(2_000, 3_600_000)).toBe(3_600_000)
})
