/** Unknown Time: any phase will do (TR-181 ManagementServer.PeriodicInformTime). */
const NO_PHASE = /^0001-/

export interface Rhythm {
  readonly intervalMs: number
  /** PeriodicInformTime. */
  readonly time: string
  readonly atAnyPhase: boolean
}

/**
 * Real milliseconds until the next periodic Inform: at a whole number of intervals from the given time; without one, near
 * one interval, or anywhere within it.
 */
export function untilNextPeriodic(
  { intervalMs, time, atAnyPhase }: Rhythm,
  random: () => number,
  now = Date.now(),
): number {
  const phase = Date.parse(time)
  if (NO_PHASE.test(time) || !Number.isFinite(phase)) return intervalMs * (atAnyPhase ? random() : 0.9 + 0.2 * random())
  const since = (((now - phase) % intervalMs) + intervalMs) % intervalMs
  return intervalMs - since
}
