import { admitClaim } from '@sluice/rollout'
import type { Parts } from '../parts.ts'
import type { CampaignRow } from '../store/campaigns.ts'
import type { UpgradeRow } from '../store/upgrades.ts'
import { backupStep } from './backup-step.ts'
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
  const situation = await readSituation(parts, parts.sql, waiting, [...campaigns.values()], now)
  return new Map(
    waiting.map((row) => {
      const campaign = campaigns.get(row.campaignId)!
      const answer = admitClaim(
        claimSituation(
          parts,
          situation,
          row,
          campaign,
          { ...row, softwareVersion: row.reportedVersion, takesScheduleDownload: true },
          now,
        ),
      )
      if (answer.kind !== 'go') return [row.upgradeId, answer.reason]
      const backup = backupStep(campaign.policy.backup, situation.backups.get(row.upgradeId), now)
      return [row.upgradeId, backup.kind === 'wait' ? 'backup' : 'contact']
    }),
  )
}
