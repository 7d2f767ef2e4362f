import type { Attempt } from './attempt.ts'
import type { Policy } from './policy.ts'
import { compareSettings, expectsReading, provisioning } from './compare-snapshots.ts'
import { acceptedSince } from './stage.ts'
import { afterStandstills } from './stand-still.ts'
import type { Outcome } from './upgrade.ts'

/**
 * Since when the device is proven to run what we offered. A re-flash of the same version is proven by
 * TransferComplete 0 and a boot, since the version cannot tell. Here a boot that seems to be before the last byte does not
 * count, however little: of two errors of our clocks we prefer the one that says less success.
 */
export function targetSince(attempt: Attempt): number | null {
  if (!attempt.sameVersion) return attempt.onTarget?.sinceAt ?? null
  const { completedAt, boots, lastByteAt } = attempt
  if (completedAt === null || !boots) return null
  const from = Math.max(lastByteAt ?? -Infinity, acceptedSince(attempt) ?? attempt.offeredAt)
  const bootAt = boots.firstAt >= from ? boots.firstAt : boots.lastAt
  return bootAt < from ? null : Math.max(completedAt, bootAt)
}

/** The last contact on the version we want. */
function lastOnTarget(attempt: Attempt): number {
  return (attempt.sameVersion ? attempt.onOld?.lastAt : attempt.onTarget?.lastAt) ?? -Infinity
}

export interface ProofDeadlines {
  soakedAt: number
  sentinelsBy: number
  provenBy: number
}

export function proofDeadlines(since: number, attempt: Attempt, { timers }: Policy): ProofDeadlines {
  const readMs = Math.max(timers.soakMs, timers.sentinelMs)
  const provenMs = readMs + timers.firstReportMs + timers.sessionRetryMs
  return {
    soakedAt: since + timers.soakMs,
    sentinelsBy: afterStandstills(since, readMs, attempt.outages),
    provenBy: afterStandstills(since, provenMs, attempt.outages),
  }
}

/** The contact that ends the proof. What the device does after it (a factory reset) is not the upgrade's doing. */
function provenAt(soakedAt: number, attempt: Attempt): number {
  return attempt.reports.find(({ at }) => at >= soakedAt)?.at ?? Infinity
}

/** Null: not decided yet, keep verifying. */
export function judgeTarget(since: number, attempt: Attempt, policy: Policy): Outcome | null {
  const by = proofDeadlines(since, attempt, policy)
  const passed = (deadline: number) => attempt.clockAt !== null && attempt.clockAt >= deadline
  const bootstrap = attempt.bootstrapAt !== null && attempt.bootstrapAt <= provenAt(by.soakedAt, attempt)
  const provisioned = provisioning(attempt.before, attempt.after)
  const settings = compareSettings(attempt.before, attempt.after)

  if (provisioned === 'missing' || (bootstrap && provisioned === 'unread'))
    return passed(by.sentinelsBy)
      ? { kind: 'failed', reason: 'not_provisioned', faultCode: null, faultString: null }
      : null
  if (lastOnTarget(attempt) < by.soakedAt)
    return passed(by.provenBy) ? { kind: 'timed_out', stage: 'verifying', contact: 'silent' } : null
  if (expectsReading(attempt.before) && attempt.after.readAt === null && !passed(by.provenBy)) return null
  if (bootstrap || settings.changed.length > 0)
    return { kind: 'verified_config_lost', changed: settings.changed, bootstrap }
  return { kind: 'verified', settings: settings.preserved ? 'preserved' : 'unknown' }
}
