import type { Queryable } from '@sluice/sql'

/** A device that a campaign moved: it reports a target now, and reported `fromVersion` when it was first offered one. */
export interface MovedDevice {
  readonly deviceKey: string
  readonly deviceName: string
  readonly oui: string
  readonly productClass: string
  readonly hardwareVersion: string | null
  readonly reportedVersion: string
  readonly fromVersion: string
  readonly site: string | null
  readonly zone: string | null
}

/** Whichever legs it took: it came from where the first began, and is where the last one says. */
const moved = `lateral (
    select device_name as "deviceName", oui, product_class as "productClass", hardware_version as "hardwareVersion",
      reported_version as "reportedVersion", site, zone
    from scheduler.upgrades where campaign_id = $1 and device_key = keys.device_key order by leg desc limit 1) last,
  lateral (
    select machine->>'fromVersion' as "fromVersion" from scheduler.upgrades
    where campaign_id = $1 and device_key = keys.device_key and machine->>'fromVersion' is not null order by leg limit 1) first
  where "reportedVersion" <> "fromVersion" and exists (
    select 1 from scheduler.upgrades u where u.campaign_id = $1 and u.device_key = keys.device_key
      and u.machine->'targetVersions' ? "reportedVersion")`

/** The next devices of a campaign in the order of their keys, of which those are answered that it moved. */
export async function nextMoved(
  db: Queryable,
  campaignId: string,
  afterKey: string,
  limit: number,
): Promise<{ readonly items: MovedDevice[]; readonly next: string | null }> {
  const keys = await db.query<{ key: string }>(
    `select distinct device_key as key from scheduler.upgrades where campaign_id = $1 and device_key > $2
     order by device_key limit $3`,
    [campaignId, afterKey, limit],
  )
  const items = await db.query<MovedDevice>(
    `select keys.device_key as "deviceKey", last.*, "fromVersion"
     from unnest($2::text[]) as keys(device_key), ${moved} order by keys.device_key`,
    [campaignId, keys.map(({ key }) => key)],
  )
  return { items, next: keys.length === limit ? keys.at(-1)!.key : null }
}
