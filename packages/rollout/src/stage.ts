import type { Attempt } from './attempt.ts'
import type { Policy } from './policy.ts'
import type { OfferedState, UpgradeCore } from './upgrade.ts'

/** How far a try got while the device still reports the old version. */
export function stageOf(core: UpgradeCore, attempt: Attempt, policy: Policy): OfferedState {
  if (returningSince(core, attempt) !== null) return 'returning'
  if (attempt.firstByteAt !== null) return 'transferring'
  if (attempt.answered || attempt.queueListed?.listed) return 'accepted'
  const answerOverdue = attempt.clockAt !== null && attempt.clockAt >= answerBy(attempt, policy)
  return attempt.unansweredAt !== null || answerOverdue ? 'in_doubt' : 'offered'
}

/** When the current stage began: contact before it says nothing about how the stage went. */
export function stageSince(stage: OfferedState, core: UpgradeCore, attempt: Attempt): number {
  switch (stage) {
    case 'returning':
      return returningSince(core, attempt) ?? attempt.offeredAt
    case 'transferring':
      return attempt.firstByteAt ?? attempt.offeredAt
    case 'accepted':
      return attempt.answered?.at ?? attempt.offeredAt
    case 'offered':
    case 'in_doubt':
      return attempt.offeredAt
  }
}

export function stageDeadline(stage: OfferedState, core: UpgradeCore, attempt: Attempt, policy: Policy): number {
  const { timers } = policy
  const since = stageSince(stage, core, attempt)
  switch (stage) {
    case 'offered':
      return answerBy(attempt, policy)
    case 'in_doubt':
    case 'accepted':
      return since + timers.firstReportMs + timers.sessionRetryMs + attempt.excusedMs
    case 'transferring':
      return (
        since +
        Math.max(timers.minTransferMs, transferMs(core.imageBytes, timers.slowestBitsPerSecond)) +
        attempt.excusedMs
      )
    case 'returning':
      return since + timers.flashMs + timers.sessionRetryMs + attempt.excusedMs
  }
}

export function transferMs(imageBytes: number, bitsPerSecond: number): number {
  return Math.ceil((imageBytes * 8000) / bitsPerSecond)
}

/** The first boot on the old version after the device had the whole image (8.a). */
export function bootAfterImage(core: UpgradeCore, attempt: Attempt): number | null {
  const { bootsOnOld, lastByteAt } = attempt
  if (!bootsOnOld || imageDoneAt(core, attempt) === null) return null
  const from = lastByteAt ?? attempt.answered?.at ?? attempt.offeredAt
  if (bootsOnOld.firstAt >= from) return bootsOnOld.firstAt
  return bootsOnOld.lastAt >= from ? bootsOnOld.lastAt : null
}

/** When the device went away to install: the last byte, a success claim, or (where nobody tells us of bytes) a boot. */
export function returningSince(core: UpgradeCore, attempt: Attempt): number | null {
  return imageDoneAt(core, attempt)
}

function imageDoneAt(core: UpgradeCore, attempt: Attempt): number | null {
  const acceptedAt = attempt.answered?.at ?? (attempt.queueListed?.listed ? attempt.queueListed.at : null)
  const bootAt = attempt.bootsOnOld?.lastAt ?? -Infinity
  const claims = [
    attempt.lastByteAt,
    attempt.completedAt,
    attempt.answered?.status === 0 ? attempt.answered.at : null,
    core.hosting === 'operator' && acceptedAt !== null && bootAt >= acceptedAt ? bootAt : null,
  ].filter((at) => at !== null)
  return claims.length === 0 ? null : Math.max(...claims)
}

function answerBy(attempt: Attempt, policy: Policy): number {
  return attempt.offeredAt + policy.timers.answerMs + attempt.excusedMs
}
