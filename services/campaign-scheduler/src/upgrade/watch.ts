import { type Watch, upgradeTraceparent } from '@sluice/contracts'
import { type Attempt, lastAttempt, openAttempt, wantsRestore, wantsWatch } from '@sluice/rollout'
import { toTime } from '../parts.ts'
import type { CampaignRow } from '../store/campaigns.ts'
import type { UpgradeRow } from '../store/upgrades.ts'

/** The last day that a time on the wire can name: a policy may ask for more. */
const FAR = Date.UTC(9999, 11, 31)

/** The mark that gateways keep for this upgrade's device; undefined: none. */
export function watchOf(row: UpgradeRow, campaign: CampaignRow): Watch | undefined {
  const attempt = lastAttempt(row.machine)
  if (attempt === null || !wantsWatch(row.machine)) return undefined
  const { soakMs, graceMs } = campaign.policy.timers
  // One delay serves both verdicts that need a contact: the end of the soak, and of the grace time after a boot on the old version.
  const contactMs = Math.max(soakMs, graceMs)
  return {
    attemptId: attempt.attemptId,
    upgradeId: row.upgradeId,
    campaignId: row.campaignId,
    traceparent: upgradeTraceparent(row.upgradeId),
    targetVersions: [...row.machine.targetVersions],
    mode: hasToTellAll(row) ? 'open' : 'settled',
    plantInformSeconds: contactMs === 0 ? null : Math.ceil(contactMs / 1_000),
    ...(row.machine.state === 'verifying' && wantsRestore(attempt) && { restore: true }),
    until: toTime(Math.min(FAR, watchedUntil(row, attempt, campaign))),
    revision: watchRevision(row),
  }
}

/**
 * Whether each contact has to be told. Of a device that was given up for lost, too: that it is there after all, booted, or
 * still runs the target, does not show in its version.
 */
function hasToTellAll({ machine }: UpgradeRow): boolean {
  if (machine.state === 'settled') return machine.outcome.kind === 'timed_out'
  return machine.state === 'verifying' || openAttempt(machine) !== null
}

/**
 * Beyond the last deadline of an open try there is still time for late facts, however short that is. The sum of all
 * timers since the offer outlasts each of them; where they stood still, the next deadline may lie beyond even that.
 */
function watchedUntil(
  { machine }: UpgradeRow,
  { offeredAt, delayMs = 0, schedule }: Attempt,
  { policy }: CampaignRow,
): number {
  const { timers } = policy
  const beginsBy = schedule?.until ?? offeredAt + delayMs
  if (machine.state === 'settled') return machine.settledAt + timers.finalMs
  const transferMs = Math.ceil((machine.imageBytes * 8_000) / timers.slowestBitsPerSecond)
  const allMs =
    timers.answerMs +
    2 * (timers.firstReportMs + timers.sessionRetryMs) +
    Math.max(timers.minTransferMs, transferMs) +
    (timers.flashMs + timers.sessionRetryMs + timers.graceMs) +
    Math.max(timers.soakMs, timers.sentinelMs)
  const waitsUntil = machine.state === 'retry' ? machine.retryAt : (machine.dueAt ?? 0)
  return Math.max(beginsBy + allMs, waitsUntil) + timers.finalMs
}

/**
 * A device has one watch, which passes from upgrade to upgrade: revisions of a later try have to exceed those of
 * any earlier one, so the time of the offer leads. Stays below 2^53 until the year 2039.
 */
export function watchRevision(row: UpgradeRow): number {
  return (lastAttempt(row.machine)?.offeredAt ?? 0) * 4_096 + Math.min(row.version, 4_095)
}
