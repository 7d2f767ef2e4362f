import type { PolicyDraft } from '@sluice/contracts'
import type { ImageBehaviour } from '@sluice/device-simulator'

/** One campaign of the demo: an ordinary release under an ordinary policy. */
export interface Act {
  readonly title: string
  readonly version: string
  readonly endsAs: 'finished' | 'paused'
  /** The last wave that is opened. */
  readonly endsInWave: number
  /** What the image does to the devices that install it. */
  readonly behaviour?: ImageBehaviour
  readonly policy: PolicyDraft
}

const SECOND = 1_000

/** In production these are minutes and hours. */
const timers = {
  answerMs: 5 * SECOND,
  firstReportMs: 20 * SECOND,
  sessionRetryMs: 6 * SECOND,
  minTransferMs: 10 * SECOND,
  flashMs: 8 * SECOND,
  soakMs: 2 * SECOND,
  sentinelMs: 8 * SECOND,
  graceMs: 1.5 * SECOND,
  finalMs: 60 * SECOND,
}
const auto = (size: { count: number } | { percent: number }) => ({ size, advance: 'auto' as const })

/** More than some 2,500 routers make the one process that all of it runs in slow to answer: what is waited for takes longer. */
export const slownessOf = (devices: number): number => Math.max(1, devices / 2_500)

/** An act's rules with the patience that so many routers need. */
export function policyFor({ policy }: Act, devices: number): PolicyDraft {
  const slowness = slownessOf(devices)
  const { soakMs, ...waits } = timers
  const longer = Object.fromEntries(Object.entries(waits).map(([name, ms]) => [name, Math.round(ms * slowness)]))
  return { ...policy, timers: { ...longer, soakMs } }
}

export const ACTS: readonly Act[] = [
  {
    title: 'Act 1: a good release',
    version: '2.0.0',
    endsAs: 'finished',
    endsInWave: 3,
    policy: {
      waves: [auto({ count: 10 }), auto({ count: 50 }), auto({ percent: 100 })],
      gate: {
        minSettled: 10,
        successThreshold: 0.8,
        failureThreshold: 0.15,
        soakMs: 1 * SECOND,
        limits: { configLost: 0.15 },
      },
      caps: { inFlight: 80, unproven: 200 },
    },
  },
  {
    title: 'Act 2: a bad release',
    version: '3.0.0',
    endsAs: 'paused',
    endsInWave: 1,
    behaviour: { fallBackShare: 0.25, refuseShare: 0.1, loseSettingsShare: 0.1, silentShare: 0.1 },
    policy: {
      waves: [auto({ count: 20 }), auto({ percent: 100 })],
      gate: { minSettled: 20, successThreshold: 0.9, failureThreshold: 0.1, soakMs: 1 * SECOND, limits: { hard: 2 } },
      caps: { inFlight: 3, unproven: 3 },
    },
  },
]
