import { type Watch, upgradeTraceparent } from '@sluice/contracts'
import { lastAttempt, openAttempt, wantsWatch } from '@sluice/rollout'
import { toTime } from '../parts.ts'
import type { CampaignRow } from '../store/campaigns.ts'
import type { UpgradeRow } from '../store/upgrades.ts'

/** The mark that gateways keep for this upgrade's device; undefined: none. */
export function watchOf(row: UpgradeRow, campaign: CampaignRow): Watch | undefined {
  const attempt = lastAttempt(row.machine)
  if (attempt === null || !wantsWatch(row.machine)) return undefined
  const { soakMs, finalMs } = campaign.policy.timers
  const settledAt = row.machine.state === 'settled' ? row.machine.settledAt : row.updatedAt
  return {
    attemptId: attempt.attemptId,
    upgradeId: row.upgradeId,
    campaignId: row.campaignId,
    traceparent: upgradeTraceparent(row.upgradeId),
    targetVersions: [...row.machine.targetVersions],
    mode: openAttempt(row.machine) === null && row.machine.state !== 'verifying' ? 'settled' : 'open',
    plantInformSeconds: soakMs === 0 ? null : Math.ceil(soakMs / 1_000),
    until: toTime(settledAt + finalMs),
    revision: watchRevision(row),
  }
}

/**
 * A device has one watch, which passes from upgrade to upgrade: revisions of a later try have to exceed those of
 * any earlier one, so the time of the offer leads. Stays below 2^53 until the year 2039.
 */
export function watchRevision(row: UpgradeRow): number {
  return (lastAttempt(row.machine)?.offeredAt ?? 0) * 4_096 + Math.min(row.version, 4_095)
}
