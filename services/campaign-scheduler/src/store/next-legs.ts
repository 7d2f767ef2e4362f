import { type Queryable, json } from '@sluice/sql'
import type { UpgradeRow } from './upgrades.ts'

/** Nothing was learnt of it yet: the machine's record comes with its first fact. */
export type NextLeg = Omit<UpgradeRow, 'machine'>

/** Each beside the leg before it, of which it takes rank and place. Answers those that were not there yet. */
export async function insertNextLegs(tx: Queryable, rows: readonly NextLeg[]): Promise<Set<string>> {
  if (rows.length === 0) return new Set()
  const inserted = await tx.query<{ upgradeId: string }>(
    `insert into scheduler.upgrades (upgrade_id, campaign_id, device_key, device_name, oui, product_class, hardware_version,
       rank, wave, leg, site, zone, artifact_id, state, counts_as, version, reported_version, updated_at)
     select n."upgradeId", u.campaign_id, u.device_key, u.device_name, u.oui, u.product_class, u.hardware_version,
       u.rank, u.wave, n.leg, u.site, u.zone, n."artifactId", n.state, n."countsAs", n.version, n."reportedVersion", n."updatedAt"
     from jsonb_to_recordset($1::jsonb) as n("upgradeId" text, "campaignId" text, "deviceKey" text, leg integer, "artifactId" text,
         state text, "countsAs" text, version integer, "reportedVersion" text, "updatedAt" bigint)
       join scheduler.upgrades u on u.campaign_id = n."campaignId" and u.device_key = n."deviceKey" and u.leg = n.leg - 1
     order by n."upgradeId"
     on conflict (campaign_id, device_key, leg) do nothing returning upgrade_id as "upgradeId"`,
    [json(rows)],
  )
  return new Set(inserted.map(({ upgradeId }) => upgradeId))
}

/** Those of these upgrades whose device has an earlier leg that late facts opened again. */
export async function legsOpenAgain(db: Queryable, upgradeIds: readonly string[]): Promise<Set<string>> {
  if (upgradeIds.length === 0) return new Set()
  const open = await db.query<{ upgradeId: string }>(
    `select u.upgrade_id as "upgradeId" from scheduler.upgrades u
       join scheduler.upgrades e on e.campaign_id = u.campaign_id and e.device_key = u.device_key and e.leg < u.leg
     where u.upgrade_id = any($1) and e.state = 'verifying'`,
    [upgradeIds],
  )
  return new Set(open.map(({ upgradeId }) => upgradeId))
}
