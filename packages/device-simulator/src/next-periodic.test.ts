import { expect, test } from 'vitest'
import { untilNextPeriodic } from './next-periodic.ts'

const UNKNOWN = '0001-01-01T00:00:00Z'
const draws = Array.from({ length: 100 }, (_, index) => () => index / 100)

test('at any phase Informs are spread over the interval, otherwise they are near one interval apart', () => {
  const rhythm = { intervalMs: 1_000, time: UNKNOWN }
  const spread = draws.map((random) => untilNextPeriodic({ ...rhythm, atAnyPhase: true }, random))
  expect([Math.min(...spread), Math.max(...spread)]).toEqual([0, 990])
  const next = draws.map((random) => untilNextPeriodic({ ...rhythm, atAnyPhase: false }, random))
  expect([Math.min(...next), Math.max(...next)]).toEqual([900, 1_098])
})

test('a given time sets the phase, whether it is past or to come', () => {
  for (const time of ['2026-01-01T00:00:00Z', '2026-01-01T00:00:30Z']) {
    const now = Date.parse('2026-01-01T00:00:12Z')
    expect(untilNextPeriodic({ intervalMs: 10_000, time, atAnyPhase: true }, Math.random, now)).toBe(8_000)
  }
})
