import type { TransferStops } from '@sluice/contracts'
import type { Parts } from '../parts.ts'

/** Whose downloads the file servers refuse at the first byte. Bounded: what was aborted long ago holds no credentials any more. */
export async function readStops(parts: Pick<Parts, 'sql' | 'clock' | 'settings'>): Promise<TransferStops> {
  const since = parts.clock.now() - parts.settings.keepStoppedMs
  const campaigns = await parts.sql.query<{ id: string }>(
    `select campaign_id as id from scheduler.campaigns
     where state = 'paused' or (state = 'aborted' and updated_at > $1) order by campaign_id`,
    [since],
  )
  const artifacts = await parts.sql.query<{ id: string }>(
    `select artifact_id as id from scheduler.revoked_artifacts order by artifact_id`,
  )
  return { campaignIds: campaigns.map(({ id }) => id), artifactIds: artifacts.map(({ id }) => id) }
}
