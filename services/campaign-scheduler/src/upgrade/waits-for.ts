import { admitClaim } from '@sluice/rollout'
import type { Parts } from '../parts.ts'
import type { CampaignRow } from '../store/campaigns.ts'
import type { UpgradeRow } from '../store/upgrades.ts'
import { backupStep } from './backup-step.ts'
import { isReleaseOver, legAtClaim } from './leg-at-claim.ts'
import { claimSituation, readSituation } from './situation.ts'

/** Why upgrades wait, as their claim would be answered now: computed and shown, never stored. */
export async function waitsFor(
  parts: Pick<Parts, 'sql' | 'clock' | 'settings'>,
  rows: readonly UpgradeRow[],
  campaigns: ReadonlyMap<string, CampaignRow>,
): Promise<Map<string, string>> {
  const waiting = rows.filter((row) => row.countsAs === 'pending')
  if (waiting.length === 0) return new Map()
  const now = parts.clock.now()
  const versions = waiting.map((row) => row.reportedVersion)
  const situation = await readSituation(parts, parts.sql, waiting, [...campaigns.values()], versions, now)
  return new Map(
    waiting.map((row) => {
      const campaign = campaigns.get(row.campaignId)!
      const device = { ...row, softwareVersion: row.reportedVersion, takesScheduleDownload: true }
      const answer = admitClaim(claimSituation(parts, situation, row, campaign, device, now))
      if (answer.kind !== 'go') return [row.upgradeId, answer.reason]
      if (isReleaseOver(legAtClaim(row, campaign, device, situation.counters), now)) {
        return [row.upgradeId, 'release_expired']
      }
      const backup = backupStep(campaign.policy.backup, situation.backups.get(row.upgradeId), now)
      return [row.upgradeId, backup.kind === 'wait' ? 'backup' : 'contact']
    }),
  )
}
