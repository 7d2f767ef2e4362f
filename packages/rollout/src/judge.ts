import { isCancelling, isUnwanted } from './absorb.ts'
import type { Attempt, Fault } from './attempt.ts'
import { lastContactAt } from './attempt.ts'
import { judgeTarget, targetSince } from './judge-target.ts'
import type { Policy } from './policy.ts'
import { loopsOnOld } from './reboot-loop.ts'
import { acceptedSince, backSince, stageDeadline, stageOf, stageSince } from './stage.ts'
import type { FailureReason, OfferedState, Outcome, UpgradeCore } from './upgrade.ts'

export type Verdict =
  | { kind: 'stage'; stage: OfferedState; cancelling: boolean }
  | { kind: 'verifying' }
  /** The try failed; the retry table says whether another is allowed. `fault` null: the device never got it. */
  | { kind: 'try_failed'; reason: FailureReason; fault: Fault | null; where: 'answer' | 'transfer' | 'lost' }
  | { kind: 'outcome'; outcome: Outcome }

/** What the evidence of one try says, whatever the order it came in. */
export function judge(core: UpgradeCore, attempt: Attempt, policy: Policy): Verdict {
  const since = targetSince(attempt)
  const oldAt = attempt.onOld?.lastAt ?? -Infinity
  const otherAt = attempt.onOther?.lastAt ?? -Infinity
  const targetAt = attempt.sameVersion ? oldAt : (attempt.onTarget?.lastAt ?? -Infinity)

  if (since !== null && targetAt >= Math.max(oldAt, otherAt)) {
    const outcome = judgeTarget(since, attempt, policy)
    return outcome ? { kind: 'outcome', outcome } : { kind: 'verifying' }
  }
  if (since !== null) return { kind: 'outcome', outcome: leftTheTarget(since, attempt, policy, otherAt > oldAt) }
  if (otherAt > oldAt) return failed('unexpected_version', null)
  return judgeOldVersion(core, attempt, policy)
}

function leftTheTarget(since: number, attempt: Attempt, policy: Policy, third: boolean): Outcome {
  const proof = judgeTarget(since, attempt, policy)?.kind
  if (proof === 'verified' || proof === 'verified_config_lost')
    return { kind: 'regressed', toVersion: third ? attempt.onOther!.version : attempt.fromVersion }
  if (third) return failed('unexpected_version', null).outcome
  return { kind: 'rolled_back', seenTarget: true }
}

function judgeOldVersion(core: UpgradeCore, attempt: Attempt, policy: Policy): Verdict {
  const fault = attempt.answerFault ?? attempt.transferFault
  // Before 8.a: that it does not stay up is worse than that it is back.
  if (fault === null && loopsOnOld(attempt, policy)) return failed('reboot_loop', null)
  if (rolledBackUnseen(core, attempt, policy))
    return { kind: 'outcome', outcome: { kind: 'rolled_back', seenTarget: false } }
  if (isCancelled(attempt, fault)) return cancelled(attempt)
  if (attempt.answerFault)
    return { kind: 'try_failed', reason: 'download_refused_by_device', fault: attempt.answerFault, where: 'answer' }
  if (attempt.transferFault) return judgeTransferFault(attempt, attempt.transferFault, policy)

  const stage = stageOf(core, attempt, policy)
  if (stage === 'in_doubt' && attempt.queueListed?.listed === false)
    return isUnwanted(attempt)
      ? cancelled(attempt)
      : { kind: 'try_failed', reason: 'download_failed', fault: null, where: 'lost' }
  if (attempt.clockAt !== null && attempt.clockAt >= stageDeadline(stage, core, attempt, policy)) {
    const contact = stillInforms(stage, core, attempt, policy) ? 'stalled' : 'silent'
    if (isUnwanted(attempt) && contact === 'stalled' && stage !== 'returning') return cancelled(attempt)
    return { kind: 'outcome', outcome: { kind: 'timed_out', stage, contact } }
  }
  return { kind: 'stage', stage, cancelling: isCancelling(attempt) }
}

/**
 * Any contact since the stage began, but for a device that went to install: the last byte is out of our hands before
 * the device has it, so an Inform soon after may be its last sign of life. There a boot tells, or an Inform in the latter
 * half of the wait, where each device falls whose period is no longer than the wait. Who is called silent and is not
 * says so with its next Inform.
 */
function stillInforms(stage: OfferedState, core: UpgradeCore, attempt: Attempt, policy: Policy): boolean {
  const since = stageSince(stage, core, attempt)
  const heardAt = lastContactAt(attempt) ?? -Infinity
  if (stage !== 'returning') return heardAt > since
  const halfway = since + (stageDeadline(stage, core, attempt, policy) - since) / 2
  return heardAt > halfway || (attempt.boots?.lastAt ?? -Infinity) > since
}

/** A fault of a try that nobody wants any more ends it; that the image itself is bad still counts. */
function isCancelled(attempt: Attempt, fault: Fault | null): boolean {
  if (fault !== null && isUnwanted(attempt)) return !saysImageIsBad(attempt, fault)
  return !isCancelling(attempt) && attempt.cancelAnswer?.faultCode === 0
}

/** A device that was refused by us and never had the image whole may have tried the page that came with the refusal. */
function saysImageIsBad(attempt: Attempt, { faultCode }: Fault): boolean {
  const hadAnother = attempt.refusedByUs !== null && attempt.lastByteAt === null
  return (faultCode === 9018 || faultCode === 9019) && !hadAnother
}

/** 8.a: served whole, booted on the old version, no fault, and still old at an Inform after the grace time. */
function rolledBackUnseen(core: UpgradeCore, attempt: Attempt, policy: Policy): boolean {
  if (attempt.transferFault || attempt.answerFault || attempt.sameVersion) return false
  const backAt = backSince(core, attempt)
  return (
    backAt !== null && attempt.onOld !== null && attempt.onOld.lastAt >= backAt + Math.max(1, policy.timers.graceMs)
  )
}

/** 6.a: a fault, no boot, the old version. */
function judgeTransferFault(attempt: Attempt, fault: Fault, policy: Policy): Verdict {
  if (fault.faultCode === 9020 && policy.confirmation) return { kind: 'outcome', outcome: { kind: 'declined' } }
  const heldFrom = acceptedSince(attempt) ?? attempt.offeredAt
  const booted = attempt.reports.some((report) => report.booted && report.at >= heldFrom && report.at <= fault.at)
  const neverGotIt = fault.faultCode >= 9011 && fault.faultCode <= 9017 && attempt.lastByteAt === null
  const reason = booted
    ? 'install_failed'
    : neverGotIt || fault.faultCode === 9020
      ? 'download_failed'
      : 'image_rejected'
  return { kind: 'try_failed', reason, fault, where: 'transfer' }
}

export function failed(reason: FailureReason, fault: Fault | null): { kind: 'outcome'; outcome: Outcome } {
  return {
    kind: 'outcome',
    outcome: { kind: 'failed', reason, faultCode: fault?.faultCode ?? null, faultString: fault?.faultString ?? null },
  }
}

function cancelled(attempt: Attempt): Verdict {
  return {
    kind: 'outcome',
    outcome: { kind: 'cancelled', reason: attempt.revokedAt === null ? 'requested' : 'artifact_revoked' },
  }
}
