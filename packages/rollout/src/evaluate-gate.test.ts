import { expect, test } from 'vitest'

import type { Counters } from './class-of.ts'
import { noCounters } from './class-of.ts'
import type { GateAnswer, WaveClock } from './evaluate-gate.ts'
import { evaluateGate, overdueAfterMs } from './evaluate-gate.ts'
import type { GatePolicy, Policy } from './policy.ts'
import { defaultPolicy } from './policy.ts'

const now = 10_000_000
const soaked: WaveClock = {
  advance: 'auto',
  named: false,
  openedAt: 0,
  reachedAt: 0,
  approvedAt: null,
  overdue: 0,
  outside: 'not_asked',
}

function gate(
  counts: Partial<Counters>,
  rules: Partial<GatePolicy> = {},
  clock: Partial<WaveClock> = {},
  more: Partial<Policy> = {},
): GateAnswer {
  const base: GatePolicy = {
    minSettled: 20,
    successThreshold: 0.9,
    failureThreshold: 0.05,
    onFailure: 'abort',
    soakMs: 1000,
    limits: {},
  }
  return evaluateGate(
    { ...noCounters, ...counts },
    { ...defaultPolicy, ...more, gate: { ...base, ...rules } },
    { ...soaked, ...clock },
    now,
  )
}

test('rule 5: stops when hard and silent over settled pass the threshold', () => {
  expect(gate({ success: 95, hard: 5, pending: 900 }).kind).toBe('advance')
  expect(gate({ success: 94, hard: 6, pending: 900 })).toMatchObject({
    kind: 'stop',
    action: 'abort',
    reason: 'failure_threshold',
  })
  expect(gate({ success: 94, silent: 6, pending: 900 })).toMatchObject({ kind: 'stop', reason: 'failure_threshold' })
  expect(gate({ success: 94, silent: 6, pending: 900 }, { onFailure: 'pause' })).toMatchObject({ action: 'pause' })
})

test('rule 5; request 20: rates are judged from min_settled on, not before', () => {
  expect(gate({ success: 17, hard: 2, pending: 900 })).toMatchObject({ kind: 'wait', reason: 'too_few_settled' })
  expect(gate({ success: 18, hard: 2, pending: 900 })).toMatchObject({ kind: 'stop', reason: 'failure_threshold' })
  expect(gate({ success: 19, pending: 900 })).toMatchObject({ kind: 'wait', reason: 'too_few_settled' })
  expect(gate({ success: 20, pending: 900 }).kind).toBe('advance')
})

test('a wave smaller than min_settled is judged whole', () => {
  expect(gate({ success: 3 }).kind).toBe('advance')
  expect(gate({ success: 2, pending: 1 })).toMatchObject({ kind: 'wait', reason: 'too_few_settled' })
})

test('request 18: devices that never showed up keep a small wave waiting for a time, and not for ever', () => {
  const absentAfterMs = 5_000_000
  const opened = (ago: number) => ({ openedAt: now - ago })
  const small = { success: 9, pending: 1 }
  expect(gate(small, { absentAfterMs }, opened(4_999_999))).toMatchObject({ kind: 'wait', reason: 'too_few_settled' })
  expect(gate(small, { absentAfterMs }, opened(5_000_000))).toMatchObject({ kind: 'advance', figures: { needed: 9 } })
  // Who is under way is waited for, whatever the time.
  expect(gate({ success: 8, unproven: 1, pending: 1 }, { absentAfterMs }, opened(now)).kind).toBe('wait')
  expect(gate({ success: 8, in_flight: 1, pending: 1 }, { absentAfterMs }, opened(now)).kind).toBe('wait')
  // Of a larger wave as many are needed as ever.
  expect(gate({ success: 19, in_flight: 1, pending: 80 }, { absentAfterMs }, opened(now)).figures.needed).toBe(20)
  // Nobody who came proves nothing.
  expect(gate({ pending: 10 }, { absentAfterMs }, opened(now))).toMatchObject({
    kind: 'wait',
    reason: 'too_few_settled',
  })
  expect(gate({ hard: 1, pending: 9 }, { absentAfterMs }, opened(now)).kind).toBe('stop')
})

test('a small wave waits a week for those who never showed up, unless the policy says otherwise', () => {
  const week = 7 * 24 * 3_600_000
  expect(gate({ success: 9, pending: 1 }, {}, { openedAt: now - week + 1 }).kind).toBe('wait')
  expect(gate({ success: 9, pending: 1 }, {}, { openedAt: now - week }).kind).toBe('advance')
})

test('rule 5: stops when any class passes its absolute limit, before min_settled too', () => {
  expect(gate({ hard: 2, pending: 900 }, { limits: { hard: 2 } }).kind).toBe('wait')
  expect(gate({ hard: 3, pending: 900 }, { limits: { hard: 2 } })).toMatchObject({ kind: 'stop', reason: 'limit_hard' })
  expect(gate({ silent: 1, pending: 900 }, { limits: { silent: 0 } })).toMatchObject({
    kind: 'stop',
    reason: 'limit_silent',
  })
  expect(gate({ stalled: 1, pending: 900 }, { limits: { stalled: 0 } })).toMatchObject({
    kind: 'stop',
    reason: 'limit_stalled',
  })
})

test('config loss has its own limit, 1 % by default, unless the campaign declared it', () => {
  expect(gate({ success: 99, config_lost: 1 }).kind).toBe('advance')
  expect(gate({ success: 98, config_lost: 2 })).toMatchObject({ kind: 'stop', reason: 'limit_config_lost' })
  expect(gate({ success: 50, config_lost: 50 }, {}, {}, { configLossDeclared: true }).kind).toBe('advance')
  expect(gate({ success: 95, config_lost: 5 }, { limits: { configLost: 0.05 } }).kind).toBe('advance')
})

test('overdue devices pause the wave and settle nobody', () => {
  expect(gate({ success: 50, in_flight: 20 }, { limits: { overdue: 5 } }, { overdue: 6 })).toMatchObject({
    kind: 'stop',
    action: 'pause',
    reason: 'overdue',
  })
  expect(gate({ success: 50, in_flight: 20 }, { limits: { overdue: 5 } }, { overdue: 5 }).kind).toBe('advance')
})

test('overdue is three times the wave’s own median, at least ten minutes', () => {
  const minutes = (count: number) => count * 60_000
  expect(overdueAfterMs(minutes(5), defaultPolicy)).toBe(minutes(15))
  expect(overdueAfterMs(minutes(1), defaultPolicy)).toBe(minutes(10))
  expect(overdueAfterMs(null, defaultPolicy)).toBe(minutes(30))
})

test('rule 3; request 15: advances only when success over settled reaches its threshold', () => {
  expect(gate({ success: 89, stalled: 11, pending: 9 })).toMatchObject({
    kind: 'wait',
    reason: 'below_success_threshold',
  })
  expect(gate({ success: 90, stalled: 10, pending: 9 }).kind).toBe('advance')
})

test('rule 3: advances only after the soak, counted from when the gate was first reached', () => {
  expect(gate({ success: 50 }, {}, { reachedAt: null })).toMatchObject({
    kind: 'wait',
    reason: 'soaking',
    until: now + 1000,
  })
  expect(gate({ success: 50 }, {}, { reachedAt: now - 999 })).toMatchObject({
    kind: 'wait',
    reason: 'soaking',
    until: now + 1,
  })
  expect(gate({ success: 50 }, {}, { reachedAt: now - 1000 }).kind).toBe('advance')
})

test('rule 3, 4; request 8: advances only with an approval where one is asked for', () => {
  expect(gate({ success: 50 }, {}, { advance: 'manual' })).toMatchObject({ kind: 'wait', reason: 'approval' })
  expect(gate({ success: 50 }, {}, { advance: 'manual', approvedAt: 1 }).kind).toBe('advance')
})

test('request 21: an approval never overrules a stop', () => {
  const approved = { advance: 'manual', approvedAt: 1 } as const
  const stop = { kind: 'stop', action: 'abort' }
  expect(gate({ success: 50, hard: 50, pending: 900 }, {}, approved)).toMatchObject(stop)
  expect(gate({ success: 99, hard: 1, pending: 900 }, { limits: { hard: 0 } }, approved)).toMatchObject(stop)
})

test('request 18: devices that never showed up do not block a wave', () => {
  expect(gate({ success: 20, pending: 100_000 }).kind).toBe('advance')
})

test('rule 3; request 20: all settled but below the threshold: pause, never advance', () => {
  expect(gate({ success: 80, stalled: 20 })).toMatchObject({
    kind: 'stop',
    action: 'pause',
    reason: 'below_success_threshold',
  })
})

test('request 14: a wave of nothing but benign outcomes proves nothing', () => {
  expect(gate({ benign: 10 })).toMatchObject({ kind: 'stop', action: 'pause', reason: 'nothing_proven' })
})

test('benign outcomes count for nothing', () => {
  expect(gate({ success: 19, hard: 1, benign: 1000 })).toMatchObject({ figures: { settled: 20, failureRate: 0.05 } })
})

test('a wave that nobody fell into is passed, by whoever has to agree', () => {
  expect(gate({}).kind).toBe('advance')
  expect(gate({}, {}, { advance: 'manual' })).toMatchObject({ kind: 'wait', reason: 'approval' })
  expect(gate({}, {}, { advance: 'manual', approvedAt: now }).kind).toBe('advance')
  expect(gate({}, {}, { outside: 'waits' })).toMatchObject({ kind: 'wait', reason: 'outside' })
  expect(gate({}, {}, { advance: { afterMs: now + 1 } })).toMatchObject({ kind: 'wait', reason: 'too_early' })
})

test('canaries of whom none is there have proven nothing', () => {
  expect(gate({}, {}, { named: true })).toMatchObject({ kind: 'stop', action: 'pause', reason: 'nothing_proven' })
})

test('a timed advance needs the gate as well as its time since the wave opened', () => {
  const timed = { advance: { afterMs: 5_000 }, openedAt: now - 4_999 }
  expect(gate({ success: 50 }, {}, timed)).toMatchObject({ kind: 'wait', reason: 'too_early', until: now + 1 })
  expect(gate({ success: 50 }, {}, { ...timed, openedAt: now - 5_000 }).kind).toBe('advance')
  const late = { ...timed, openedAt: 0 }
  expect(gate({ success: 1, pending: 99 }, {}, late)).toMatchObject({ kind: 'wait', reason: 'too_few_settled' })
  expect(gate({ success: 50, hard: 50 }, {}, late)).toMatchObject({ kind: 'stop', reason: 'failure_threshold' })
})

test('rule 3, 4; request 8: the outside is waited for last, after figures, soak and approval', () => {
  const waits = { outside: 'waits' } as const
  expect(gate({ success: 50 }, {}, waits)).toMatchObject({ kind: 'wait', reason: 'outside' })
  expect(gate({ success: 50 }, {}, { outside: 'go' }).kind).toBe('advance')
  expect(gate({ success: 1, pending: 99 }, {}, waits)).toMatchObject({ reason: 'too_few_settled' })
  expect(gate({ success: 50 }, {}, { ...waits, reachedAt: now })).toMatchObject({ reason: 'soaking' })
  expect(gate({ success: 50 }, {}, { ...waits, advance: 'manual' })).toMatchObject({ reason: 'approval' })
})

test('request 21: a threshold passed while the outside is waited for stops all the same, and so does one after its go', () => {
  for (const outside of ['waits', 'go'] as const) {
    expect(gate({ success: 50, hard: 50 }, {}, { outside })).toMatchObject({ kind: 'stop', action: 'abort' })
  }
})
