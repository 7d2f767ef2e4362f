import type { Attempt } from './attempt.ts'
import type { Policy } from './policy.ts'
import { clockToleranceMs } from './causal-time.ts'
import { afterStandstills } from './stand-still.ts'
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
      return Math.max(attempt.answered?.at ?? attempt.offeredAt, beginsAt(attempt))
    case 'in_doubt':
      return beginsAt(attempt)
    case 'offered':
      return attempt.offeredAt
  }
}

/** Before that the device has nothing to do: DelaySeconds, or the first window of its ScheduleDownload. */
function beginsAt({ offeredAt, delayMs, schedule }: Attempt): number {
  return schedule === undefined ? offeredAt + (delayMs ?? 0) : Math.max(offeredAt, schedule.from)
}

/**
 * Until then a device may hold what it was told, or the image itself, and boot on its old version without having tried
 * anything: DelaySeconds; with ScheduleDownload until its last window ends (TR-069 A.4.1.8: it may fetch before).
 */
function mayWaitUntil(attempt: Attempt): number {
  return attempt.schedule?.until ?? beginsAt(attempt)
}

export function stageDeadline(stage: OfferedState, core: UpgradeCore, attempt: Attempt, policy: Policy): number {
  const { timers } = policy
  const { schedule } = attempt
  const since = stageSince(stage, core, attempt)
  switch (stage) {
    case 'offered':
      return answerBy(attempt, policy)
    case 'in_doubt':
    case 'accepted': {
      const waitsMs = schedule === undefined ? timers.firstReportMs : Math.max(0, schedule.until - since)
      return afterStandstills(since, waitsMs + timers.sessionRetryMs, attempt.outages)
    }
    case 'transferring': {
      const slowest = transferMs(core.imageBytes, timers.slowestBitsPerSecond)
      const usually = Math.max(timers.minTransferMs, slowest)
      if (schedule === undefined) return afterStandstills(since, usually, attempt.outages)
      // It may fetch again, and applies what it has, until its windows are over; then it comes back.
      const untilBack = Math.max(0, schedule.until - since) + timers.flashMs + timers.sessionRetryMs
      return afterStandstills(since, Math.max(usually, untilBack), attempt.outages)
    }
    case 'returning':
      return afterStandstills(
        since,
        Math.max(timers.flashMs, attempt.slowness?.rebootMs ?? 0) + timers.sessionRetryMs,
        attempt.outages,
      )
  }
}

export function transferMs(imageBytes: number, bitsPerSecond: number): number {
  return Math.ceil((imageBytes * 8000) / bitsPerSecond)
}

/**
 * Since when a device that still reports the old version has come back without the new one (8.a): it booted after it
 * had the whole image. Where only TransferComplete 0 tells of the image, the boot may lie before it. The last byte is
 * timed by the file server and the boot by a gateway: a boot that seems to be a little earlier counts too.
 */
export function backSince(core: UpgradeCore, attempt: Attempt): number | null {
  const { lastByteAt, completedAt, answered } = attempt
  const acceptedAt = acceptedSince(attempt)
  const bootBeforeReport = completedAt === null ? null : bootOnOldFrom(acceptedAt ?? attempt.offeredAt, attempt)
  const bootAroundLastByte = lastByteAt === null ? null : bootOnOldFrom(aroundLastByte(lastByteAt, acceptedAt), attempt)
  return earliest([
    lastByteAt === null || bootAroundLastByte === null
      ? null
      : Math.max(bootAroundLastByte, lastByteAt, attempt.schedule?.until ?? 0),
    answered?.status === 0 ? bootOnOldFrom(answered.at, attempt) : null,
    bootAtOperatorsServer(core, attempt),
    completedAt === null || bootBeforeReport === null ? null : Math.max(bootBeforeReport, completedAt),
  ])
}

/** No earlier than the answer to Download: the boot that we claimed after is timed by the same gateway, before that. */
function aroundLastByte(lastByteAt: number, acceptedAt: number | null): number {
  return acceptedAt === null ? lastByteAt : Math.max(lastByteAt - clockToleranceMs, acceptedAt)
}

/** When the device went away to install: the last byte, a success claim, or (where nobody tells us of bytes) a boot. */
function returningSince(core: UpgradeCore, attempt: Attempt): number | null {
  const claims = [
    // With windows of its own it may hold the image for hours before it installs it.
    attempt.schedule === undefined ? attempt.lastByteAt : null,
    attempt.completedAt,
    attempt.answered?.status === 0 ? attempt.answered.at : null,
    bootAtOperatorsServer(core, attempt),
  ].filter((at) => at !== null)
  return claims.length === 0 ? null : Math.max(...claims)
}

/** Where nobody tells us of bytes, a boot stands for them. */
function bootAtOperatorsServer({ hosting }: UpgradeCore, attempt: Attempt): number | null {
  const acceptedAt = acceptedSince(attempt)
  if (hosting !== 'operator' || acceptedAt === null) return null
  return bootOnOldFrom(Math.max(acceptedAt, mayWaitUntil(attempt)), attempt)
}

/** Since when the device held the Download, by a gateway's clock: its answer, or its list of transfers. */
export function acceptedSince(attempt: Attempt): number | null {
  return attempt.answered?.at ?? (attempt.queueListed?.listed ? attempt.queueListed.at : null)
}

function bootOnOldFrom(from: number, attempt: Attempt): number | null {
  return attempt.reports.find(({ at, on, booted }) => on === 'old' && booted && at >= from)?.at ?? null
}

function earliest(times: (number | null)[]): number | null {
  const known = times.filter((at) => at !== null)
  return known.length === 0 ? null : Math.min(...known)
}

function answerBy(attempt: Attempt, policy: Policy): number {
  const answerMs = Math.max(policy.timers.answerMs, attempt.slowness?.answerMs ?? 0)
  return afterStandstills(attempt.offeredAt, answerMs, attempt.outages)
}
