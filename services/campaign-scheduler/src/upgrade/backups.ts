import type { IncomingEvent } from '@sluice/bus'
import {
  type DataOf,
  type OutputOf,
  type Reply,
  type upgradeClaim,
  answered,
  uploadGrant,
  uploadReceived,
} from '@sluice/contracts'
import { inTransaction } from '../in-transaction.ts'
import { OURSELVES, type Parts, toMs, toTime } from '../parts.ts'
import { markBackupAsked, markBackupReceived } from '../store/backups.ts'
import { type CampaignRow, lockCampaigns } from '../store/campaigns.ts'
import { type UpgradeRow, lockUpgrades } from '../store/upgrades.ts'
import { backupIdOf, upgradeOfBackup } from './backup-step.ts'
import { hint, placementEvents } from './placements.ts'

/** Well below the time of a claim: others are answered with it. */
const GRANT_DEADLINE_MS = 2_000

/**
 * Sends a device to put its configuration before it is offered an image. Noted only once there is a place to put it:
 * what fails before is simply asked again.
 */
export async function askForBackup(
  parts: Parts,
  { upgradeId, deviceKey, campaignId }: UpgradeRow,
  rule: NonNullable<CampaignRow['policy']['backup']>,
): Promise<Reply<OutputOf<typeof upgradeClaim>>> {
  const now = parts.clock.now()
  const uploadId = backupIdOf(upgradeId)
  const until = toTime(now + rule.waitMs)
  const grant = { uploadId, deviceKey, expiresAt: until }
  const granted = await parts.bus.request(uploadGrant, grant, { deadlineMs: GRANT_DEADLINE_MS })
  if (!granted.ok) return granted
  await inTransaction(parts, async (tx) => {
    await markBackupAsked(tx, upgradeId, now)
    await note(parts, tx, 'upgrade.backup_asked', { upgradeId, campaignId, deviceKey, actor: OURSELVES })
  })
  const { url, username, password } = granted.data
  return answered({ kind: 'backup', uploadId, fileType: rule.fileType, url, username, password, until })
}

/** The file is there: the upgrade need not wait any longer. */
export async function takeBackups(
  parts: Parts,
  batch: readonly IncomingEvent<DataOf<typeof uploadReceived>>[],
): Promise<void> {
  for (const { data } of batch) {
    const upgradeId = upgradeOfBackup(data.uploadId)
    if (upgradeId === null) continue
    await inTransaction(parts, async (tx) => {
      const [row] = await lockUpgrades(tx, [upgradeId])
      const [campaign] = await lockCampaigns(tx, row === undefined ? [] : [row.campaignId])
      if (row === undefined || campaign === undefined) return
      if (!(await markBackupReceived(tx, upgradeId, toMs(data.at)))) return
      const { campaignId, deviceKey } = row
      const { bytes, sha256 } = data
      const actor = `device:${deviceKey}`
      await note(parts, tx, 'upgrade.backup_received', { upgradeId, campaignId, deviceKey, actor, bytes, sha256 })
      if (row.countsAs !== 'pending') return
      const again = [{ campaignId, item: hint(row, campaign, null) }]
      await parts.journal.append(tx, placementEvents(parts, again, parts.clock.now()))
    })
  }
  parts.wakeRelay()
}

async function note(
  parts: Parts,
  tx: Parameters<Parameters<Parts['sql']['transaction']>[0]>[0],
  kind: string,
  {
    upgradeId,
    campaignId,
    deviceKey,
    actor,
    ...data
  }: Record<string, unknown> & {
    readonly upgradeId: string
    readonly campaignId: string
    readonly deviceKey: string
    readonly actor: string
  },
): Promise<void> {
  const at = parts.clock.now()
  await parts.journal.append(tx, [{ direction: 'note', kind, at, actor, upgradeId, campaignId, deviceKey, data }])
}
