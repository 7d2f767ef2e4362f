import type { Attempt } from './attempt.ts'

/** What one reading of the model's check list found, epoch ms. What passed is not named. */
export interface CheckReading {
  at: number
  failed: string[]
  unknown: string[]
}

export type CheckVerdict = 'passed' | 'failed' | 'unknown'

const kept = 8

/** Adds a reading in its place in time. Beyond a few, all but the earliest and the latest are left out. */
export function addReading(
  readings: readonly CheckReading[],
  at: number,
  checks: Readonly<Record<string, CheckVerdict>>,
): CheckReading[] {
  const named = (verdict: CheckVerdict) =>
    Object.keys(checks)
      .filter((name) => checks[name] === verdict)
      .sort()
  const reading = { at, failed: named('failed'), unknown: named('unknown') }
  const known = readings.find((other) => other.at === at)
  if (known !== undefined && JSON.stringify(known) <= JSON.stringify(reading)) return [...readings]
  const sorted = [...readings.filter((other) => other.at !== at), reading].toSorted((a, b) => a.at - b.at)
  return sorted.length <= kept ? sorted : sorted.toSpliced(-2, 1)
}

/** The first reading after the soak counts: what breaks later is not the upgrade's doing. */
export function checksAfter(soakedAt: number, { expectsChecks, checks = [] }: Attempt): CheckReading | 'unread' | null {
  if (expectsChecks !== true) return null
  return checks.find(({ at }) => at >= soakedAt) ?? 'unread'
}
