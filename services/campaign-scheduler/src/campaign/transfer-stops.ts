import type { Policy, TransferStops } from '@sluice/contracts'
import { windowMarginMs, windowsOverMs } from '@sluice/rollout'
import type { Parts } from '../parts.ts'
import type { CampaignRow } from '../store/campaigns.ts'
import { fetchesUntil } from '../upgrade/delivery.ts'
import { rolloutPolicy } from './complete-policy.ts'

/** For claims that are being answered while their campaign is aborted, and clocks that differ. */
const SPARE_MS = 3_600_000

/** Whose downloads the file servers refuse at the first byte. Bounded: what was aborted long ago holds no credentials any more. */
export async function readStops(parts: Pick<Parts, 'sql' | 'clock' | 'settings'>): Promise<TransferStops> {
  const campaigns = await parts.sql.query<{ id: string }>(
    `select campaign_id as id from scheduler.campaigns
     where state = 'paused' or (state = 'aborted' and coalesce(stopped_until, updated_at + $2) > $1) order by campaign_id`,
    [parts.clock.now(), parts.settings.keepStoppedMs],
  )
  const artifacts = await parts.sql.query<{ id: string }>(
    `select artifact_id as id from scheduler.revoked_artifacts order by artifact_id`,
  )
  return { campaignIds: campaigns.map(({ id }) => id), artifactIds: artifacts.map(({ id }) => id) }
}

/** Until when a campaign that is aborted now has to be refused: whatever was given to its devices is over then. */
export function stoppedUntil(
  { settings: { keepStoppedMs, credentialMs } }: Pick<Parts, 'settings'>,
  { path, policy }: Pick<CampaignRow, 'path' | 'policy'>,
  now: number,
): number {
  const largest = Math.max(...path.map(({ size }) => size))
  return now + Math.max(keepStoppedMs, longestFetchMs(policy, largest, credentialMs) + SPARE_MS)
}

/**
 * For how long after a claim its credentials may hold at most, in ms, whatever the windows say: what is stopped has to stay
 * stopped for as long.
 */
export function longestFetchMs(policy: Policy, imageBytes: number, leastMs: number): number {
  const told = fetchesUntil(policy, imageBytes, null, { now: 0, leastMs })
  if (policy.delivery?.method !== 'schedule_download') return told
  const to = windowsOverMs(windowMarginMs(imageBytes, rolloutPolicy(policy)))
  return Math.max(told, fetchesUntil(policy, imageBytes, [{ from: 0, to }], { now: 0, leastMs }))
}
