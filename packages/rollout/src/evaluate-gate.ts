import type { Counters } from './class-of.ts'
import type { GatePolicy, Policy, Wave } from './policy.ts'

/** What the gate needs to know of a wave beside its counters. Times are epoch ms. */
export interface WaveClock {
  advance: Wave['advance']
  /** Its devices were named: canaries. */
  named: boolean
  /** When it opened; null: not yet. */
  openedAt: number | null
  /** Since when every answer had `figures.reached`; null when the last one had not. The soak counts from it. */
  reachedAt: number | null
  approvedAt: number | null
  /** How many are returning for longer than `overdueAfterMs`. */
  overdue: number
  /** Whether somebody outside has to say `go`, and has. */
  outside: 'not_asked' | 'go' | 'waits'
}

export interface GateFigures {
  settled: number
  /** The number of settled upgrades judged from: `minSettled`, or the whole wave where it is smaller, without who is absent. */
  needed: number
  successRate: number
  failureRate: number
  configLostRate: number
  overdue: number
  /** Enough settled, success threshold reached, no limit passed. */
  reached: boolean
}

export type StopReason =
  | 'failure_threshold'
  | 'limit_hard'
  | 'limit_silent'
  | 'limit_stalled'
  | 'limit_config_lost'
  | 'overdue'
  | 'below_success_threshold'
  | 'nothing_proven'

export type GateAnswer =
  | { kind: 'stop'; action: 'pause' | 'abort'; reason: StopReason; figures: GateFigures }
  | { kind: 'advance'; figures: GateFigures }
  | { kind: 'wait'; reason: 'too_few_settled' | 'below_success_threshold'; figures: GateFigures }
  | { kind: 'wait'; reason: 'soaking' | 'too_early'; until: number; figures: GateFigures }
  | { kind: 'wait'; reason: 'approval' | 'outside'; figures: GateFigures }

/**
 * Stop, advance or wait: from the counters of one wave. Whoever never showed up blocks nothing. What stops comes before
 * all that is waited for: neither a person nor an outsider can talk a gate out of it. A wave that nobody fell into is
 * passed, canaries of whom none is there have proven nothing.
 */
export function evaluateGate(counters: Counters, policy: Policy, clock: WaveClock, now: number): GateAnswer {
  const figures = figuresOf(counters, policy, clock, now)
  const stop = stopReason(counters, policy, figures)
  if (stop) return { kind: 'stop', ...stop, figures }
  if (size(counters) === 0 && !clock.named) return withheld(clock, figures, now) ?? { kind: 'advance', figures }
  if (nothingRuns(counters) && counters.pending === 0 && !figures.reached) {
    const reason = figures.settled === 0 ? 'nothing_proven' : 'below_success_threshold'
    return { kind: 'stop', action: 'pause', reason, figures }
  }
  if (figures.settled < figures.needed) return { kind: 'wait', reason: 'too_few_settled', figures }
  if (!figures.reached) return { kind: 'wait', reason: 'below_success_threshold', figures }
  const soakedAt = (clock.reachedAt ?? now) + policy.gate.soakMs
  if (now < soakedAt) return { kind: 'wait', reason: 'soaking', until: soakedAt, figures }
  return withheld(clock, figures, now) ?? { kind: 'advance', figures }
}

/** What is waited for although the wave has nothing against it: a time, a person, somebody outside. */
function withheld(clock: WaveClock, figures: GateFigures, now: number): GateAnswer | null {
  const notBefore = typeof clock.advance === 'object' ? (clock.openedAt ?? now) + clock.advance.afterMs : now
  if (now < notBefore) return { kind: 'wait', reason: 'too_early', until: notBefore, figures }
  if (clock.advance === 'manual' && clock.approvedAt === null) return { kind: 'wait', reason: 'approval', figures }
  if (clock.outside === 'waits') return { kind: 'wait', reason: 'outside', figures }
  return null
}

/** From when on a returning device is overdue: three times the wave's own median, at least 10 min. No median yet: the flash time. */
export function overdueAfterMs(medianReturnMs: number | null, policy: Policy): number {
  const least = policy.gate.minOverdueMs ?? 10 * 60_000
  return Math.max(least, medianReturnMs === null ? policy.timers.flashMs : 3 * medianReturnMs)
}

function figuresOf(counters: Counters, policy: Policy, clock: WaveClock, now: number): GateFigures {
  const { gate } = policy
  const good = counters.success + counters.config_lost
  const settled = good + counters.hard + counters.silent + counters.stalled
  const expected = size(counters) - counters.benign - absentOf(counters, gate, clock, now)
  const needed = Math.max(1, Math.min(gate.minSettled, expected))
  const rate = (count: number) => (settled === 0 ? 0 : count / settled)
  const figures = {
    settled,
    needed,
    successRate: rate(good),
    failureRate: rate(counters.hard + counters.silent),
    configLostRate: rate(counters.config_lost),
    overdue: clock.overdue,
  }
  const reached = settled >= needed && figures.successRate >= gate.successThreshold
  return { ...figures, reached: reached && stopReason(counters, policy, figures) === null }
}

function stopReason(
  counters: Counters,
  policy: Policy,
  figures: Omit<GateFigures, 'reached'>,
): { action: 'pause' | 'abort'; reason: StopReason } | null {
  const { gate } = policy
  const { limits } = gate
  const action = gate.onFailure
  const passed = (count: number, limit: number | undefined) => limit !== undefined && count > limit
  const enough = figures.settled >= figures.needed

  if (enough && figures.failureRate > gate.failureThreshold) return { action, reason: 'failure_threshold' }
  if (passed(counters.hard, limits.hard)) return { action, reason: 'limit_hard' }
  if (passed(counters.silent, limits.silent)) return { action, reason: 'limit_silent' }
  if (passed(counters.stalled, limits.stalled)) return { action, reason: 'limit_stalled' }
  if (enough && !policy.configLossDeclared && figures.configLostRate > (limits.configLost ?? 0.01))
    return { action, reason: 'limit_config_lost' }
  if (passed(figures.overdue, limits.overdue)) return { action: 'pause', reason: 'overdue' }
  return null
}

/** Devices that never showed up: a small wave waits for them, but not for ever. */
function absentOf(counters: Counters, { absentAfterMs = absentMs }: GatePolicy, clock: WaveClock, now: number): number {
  return clock.openedAt !== null && now - clock.openedAt >= absentAfterMs ? counters.pending : 0
}

const absentMs = 7 * 24 * 3_600_000

const size = (counters: Counters): number => Object.values(counters).reduce((sum, count) => sum + count, 0)
const nothingRuns = (counters: Counters): boolean => counters.in_flight === 0 && counters.unproven === 0
