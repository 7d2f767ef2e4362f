import type { Attempt } from './attempt.ts'
import type { Policy } from './policy.ts'
import { compareSettings, expectsReading, provisioning } from './compare-snapshots.ts'
import { checksAfter } from './check-list.ts'
import { loopsOnTarget } from './reboot-loop.ts'
import { isRestoring, restoreOf } from './restoring.ts'
import { acceptedSince } from './stage.ts'
import { afterStandstills } from './stand-still.ts'
import type { FailureReason, Outcome } from './upgrade.ts'

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
  if (loopsOnTarget(since, attempt, policy)) return failed('reboot_loop')
  const bootstrap = attempt.bootstrapAt !== null && attempt.bootstrapAt <= provenAt(by.soakedAt, attempt)
  const provisioned = provisioning(attempt.before, attempt.after)

  if (provisioned === 'missing' || (bootstrap && provisioned === 'unread'))
    return passed(by.sentinelsBy) ? failed('not_provisioned') : null
  if (lastOnTarget(attempt) < by.soakedAt)
    return passed(by.provenBy) ? { kind: 'timed_out', stage: 'verifying', contact: 'silent' } : null
  const read = checksAfter(by.soakedAt, attempt)
  const isUnread = expectsReading(attempt.before) && attempt.after.readAt === null
  if ((isUnread || isRestoring(attempt) || read === 'unread') && !passed(by.provenBy)) return null
  if (read !== null && read !== 'unread' && read.failed.length > 0)
    return { kind: 'failed', reason: 'check_failed', checks: read.failed, faultCode: null, faultString: null }
  const checked = read === 'unread' || (read?.unknown.length ?? 0) > 0 ? { checks: 'unknown' as const } : {}
  return { ...judgeSettings(attempt, bootstrap), ...checked }
}

/** 10.a. What is all put back, and was read back, is no loss any more; what is put back in part still is one. */
function judgeSettings(attempt: Attempt, bootstrap: boolean): Success {
  const { changed, preserved } = compareSettings(attempt.before, attempt.after)
  if (!bootstrap && changed.length === 0) return { kind: 'verified', settings: preserved ? 'preserved' : 'unknown' }
  const restore = restoreOf(attempt)
  if (restore === 'complete') return { kind: 'verified', settings: 'restored' }
  const restored = restore === 'part' ? { restored: attempt.restored?.names ?? [] } : {}
  return { kind: 'verified_config_lost', changed, bootstrap, ...restored }
}

type Success = Outcome & { kind: 'verified' | 'verified_config_lost' }

function failed(reason: FailureReason): Outcome {
  return { kind: 'failed', reason, faultCode: null, faultString: null }
}
