import { reportedAt, versionOn } from './absorb.ts'
import type { Fact } from './facts.ts'
import { lastAttempt } from './step.ts'
import type { Upgrade } from './upgrade.ts'
import { byTime } from './version-reports.ts'

/**
 * The version that a fact says the device runs, unless a newer report is known: facts come in any order. Which one is newer
 * is the order in which the machine takes them, so that it and this never tell of different devices.
 */
export function newestVersionIn(fact: Fact, upgrade: Upgrade): string | undefined {
  // Asked and answered while the device is on the line.
  if (fact.kind === 'claim_committed') return fact.fromVersion
  if (fact.kind !== 'informed') return undefined
  const attempt = lastAttempt(upgrade)
  if (attempt === null) return fact.softwareVersion
  const at = reportedAt(attempt, fact)
  if (at === null) return undefined
  const newest = attempt.reports.at(-1)
  const isOlder =
    newest !== undefined && byTime({ at, on: versionOn(attempt, fact, upgrade.targetVersions) }, newest) < 0
  return isOlder ? undefined : fact.softwareVersion
}
