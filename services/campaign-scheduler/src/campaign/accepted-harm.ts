import type { Counters } from '@sluice/rollout'

/** The harm of a wave that an operator knew of when resuming: it does not stop the campaign again, more of it does. */
export interface Harm {
  readonly hard: number
  readonly silent: number
  /** Silent or stalled: a silent device that is heard of on its old version has not done new harm. */
  readonly away: number
  readonly configLost: number
  readonly overdue: number
  /** Devices that called the image bad, by fault. */
  readonly suspects: Readonly<Record<string, number>>
}

export interface Suspicion {
  readonly subject: string
  readonly devices: number
}

export function harmOf(counters: Counters, overdue: number, suspicions: readonly Suspicion[]): Harm {
  const { hard, silent, stalled, config_lost: configLost } = counters
  const suspects = Object.fromEntries(suspicions.map(({ subject, devices }) => [subject, devices]))
  return { hard, silent, away: silent + stalled, configLost, overdue, suspects }
}

const COUNTED = ['hard', 'silent', 'away', 'configLost', 'overdue'] as const

/** More in any class: that one class fell meanwhile makes up for nothing. */
export function isMoreHarm(now: Harm, accepted: Harm): boolean {
  return COUNTED.some((name) => now[name] > accepted[name])
}

/** What was accepted and has turned out well since is not accepted any longer. */
export function lowerTo(now: Harm, accepted: Harm): Harm {
  const lowered = Object.fromEntries(COUNTED.map((name) => [name, Math.min(now[name], accepted[name])]))
  return { ...accepted, ...lowered }
}
