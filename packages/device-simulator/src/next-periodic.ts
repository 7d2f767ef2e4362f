/** Unknown Time: any phase will do (TR-181 ManagementServer.PeriodicInformTime). */
const NO_PHASE = /^0001-/

/** Real milliseconds until the next periodic Inform: at a whole number of intervals from the given time, or anywhere near one interval. */
export function untilNextPeriodic(intervalMs: number, time: string, random: () => number, now = Date.now()): number {
  const phase = Date.parse(time)
  if (NO_PHASE.test(time) || !Number.isFinite(phase)) return intervalMs * (0.9 + 0.2 * random())
  const since = (((now - phase) % intervalMs) + intervalMs) % intervalMs
  return intervalMs - since
}
