import { noCounters } from '@sluice/rollout'
import { expect, test } from 'vitest'
import { harmOf, isMoreHarm, lowerTo } from './accepted-harm.ts'

const harm = (counters: Partial<typeof noCounters>, overdue = 0) => harmOf({ ...noCounters, ...counters }, overdue, [])

test('harm is compared class by class', () => {
  const accepted = harm({ silent: 100 })
  expect(isMoreHarm(harm({ silent: 100 }), accepted)).toBe(false)
  expect(isMoreHarm(harm({ silent: 98, hard: 1 }), accepted)).toBe(true)
  expect(isMoreHarm(harm({ silent: 100, config_lost: 1 }), accepted)).toBe(true)
  expect(isMoreHarm(harm({ silent: 100 }, 1), accepted)).toBe(true)
})

test('a silent device that is heard of has not done new harm, another one that stalls has', () => {
  const accepted = harm({ silent: 10 })
  expect(isMoreHarm(harm({ silent: 9, stalled: 1 }), accepted)).toBe(false)
  expect(isMoreHarm(harm({ silent: 10, stalled: 1 }), accepted)).toBe(true)
})

test('what has turned out well is not accepted any longer', () => {
  const lowered = lowerTo(harm({ silent: 1, hard: 2 }), harm({ silent: 10, hard: 1 }))
  expect(lowered).toEqual(harm({ silent: 1, hard: 1 }))
  expect(isMoreHarm(harm({ silent: 2, hard: 1 }), lowered)).toBe(true)
})
