import type { Attempt } from './attempt.ts'
import type { Policy } from './policy.ts'
import { acceptedSince } from './stage.ts'
import type { VersionReport } from './version-reports.ts'

const defaultBoots = 3

/** It runs what we offered and does not stay up: so many boots within the soak, beyond the one that brought it there. */
export function loopsOnTarget(since: number, attempt: Attempt, policy: Policy): boolean {
  const on = attempt.sameVersion ? 'old' : 'target'
  const until = since + policy.timers.soakMs
  const again = bootsOf(attempt.reports).filter((boot) => boot.on === on && boot.at > since && boot.at <= until)
  return again.length >= (policy.rebootLoopBoots ?? defaultBoots)
}

/** The same on the old version, within any time as long as the soak since the device held the Download. */
export function loopsOnOld(attempt: Attempt, policy: Policy): boolean {
  const from = acceptedSince(attempt) ?? attempt.offeredAt
  const boots = bootsOf(attempt.reports).filter((boot) => boot.on === 'old' && boot.at >= from)
  const beyond = policy.rebootLoopBoots ?? defaultBoots
  return boots.some(({ at }, first) => (boots[first + beyond]?.at ?? Infinity) <= at + policy.timers.soakMs)
}

/**
 * The boots that nobody asked for, each once: a session that failed is tried again with the same events and a higher
 * RetryCount, which begins anew after a boot (TR-069 3.2.1.1).
 */
function bootsOf(reports: readonly VersionReport[]): VersionReport[] {
  const told = reports.filter(({ booted }) => booted)
  return told.filter((report, index) => {
    const before = told[index - 1]
    const isRetry = before?.on === report.on && (report.retries ?? 0) > (before.retries ?? 0)
    return !isRetry && report.asked !== true
  })
}
