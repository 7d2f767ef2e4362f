/** Unknown Time: any phase will do (TR-181 ManagementServer.PeriodicInformTime). */
const NO_PHASE = /^0001-/

export interface Rhythm {
  readonly intervalMs: number
  /** PeriodicInformTime. */
  readonly time: string
  /** It has begun just now: the device booted, or was told another one. */
  readonly isNew: boolean
}

/**
 * Real milliseconds until the next periodic Inform: at a whole number of intervals from the given time. Without one, the
 * first comes anywhere within an interval, so that devices that started at once do not inform at once, the others near one.
 */
export function untilNextPeriodic({ intervalMs, time, isNew }: Rhythm, random: () => number, now = Date.now()): number {
  const phase = Date.parse(time)
  if (NO_PHASE.test(time) || !Number.isFinite(phase)) return intervalMs * (isNew ? random() : 0.9 + 0.2 * random())
  const since = (((now - phase) % intervalMs) + intervalMs) % intervalMs
  return intervalMs - since
}
