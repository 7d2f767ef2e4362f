import type { RetriedOutcome } from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'

/** The next devices of a campaign in the order of their keys, of which those are answered whose last upgrade ended so. */
export async function nextEnded(
  db: Queryable,
  campaignId: string,
  outcomes: readonly RetriedOutcome[],
  afterKey: string,
  limit: number,
): Promise<{ readonly keys: string[]; readonly next: string | null }> {
  const rows = await db.query<{ key: string; ended: boolean }>(
    `select distinct on (device_key) device_key as key, state = any($3) as ended from scheduler.upgrades
     where campaign_id = $1 and device_key > $2 order by device_key, leg desc limit $4`,
    [campaignId, afterKey, outcomes, limit],
  )
  return {
    keys: rows.filter(({ ended }) => ended).map(({ key }) => key),
    next: rows.length === limit ? rows.at(-1)!.key : null,
  }
}

/** Whether the devices of a campaign were forgotten: what became of them is not known any more. */
export async function areDevicesForgotten(db: Queryable, campaignId: string): Promise<boolean> {
  const rows = await db.query(
    `select 1 from scheduler.campaigns where campaign_id = $1 and devices_erased_at is not null`,
    [campaignId],
  )
  return rows.length > 0
}
