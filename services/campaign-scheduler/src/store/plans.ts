import type { Queryable } from '@sluice/sql'

/** A device that is planned: all that an upgrade is before its first fact, when its machine's record is written. */
export interface PlannedUpgrade {
  readonly upgradeId: string
  readonly deviceKey: string
  readonly deviceName: string
  readonly oui: string
  readonly productClass: string
  readonly hardwareVersion: string | null
  readonly reportedVersion: string | null
  readonly site: string | null
  readonly zone: string | null
  readonly artifactId: string
  /** Empty: it is a canary, whose wave does not hang on its rank. */
  readonly rank: string
  readonly wave: number
}

/** Devices that are planned already stay as they are; the answer names those that were new. Written once, and lean: nothing that follows from the campaign. */
export function insertPlanned(
  tx: Queryable,
  campaignId: string,
  rows: readonly PlannedUpgrade[],
  at: number,
): Promise<{ upgradeId: string }[]> {
  if (rows.length === 0) return Promise.resolve([])
  // What many have in common is told once: most of the work is in the telling.
  const kinds = new Map<string, { readonly kind: number; readonly row: PlannedUpgrade }>()
  const kindOf = (row: PlannedUpgrade): number => {
    const text = JSON.stringify(COMMON.map((name) => row[name]))
    const known = kinds.get(text) ?? { kind: kinds.size + 1, row }
    kinds.set(text, known)
    return known.kind
  }
  const own = OWN.map((name) => rows.map((row) => row[name]))
  const ofKind = rows.map(kindOf)
  const common = COMMON.map((name) => [...kinds.values()].map(({ row }) => row[name]))
  return tx.query(
    `insert into scheduler.upgrades (campaign_id, state, counts_as, version, updated_at,
       upgrade_id, device_key, device_name, rank, wave, oui, product_class, hardware_version, reported_version, site, zone, artifact_id)
     select $1, 'pending', 'pending', 1, $2, upgrade_id, device_key, device_name, rank, wave,
       oui, product_class, hardware_version, reported_version, site, zone, artifact_id
     from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::integer[], $8::integer[])
         as own(upgrade_id, device_key, device_name, rank, wave, kind)
       join unnest($9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[]) with ordinality
         as common(oui, product_class, hardware_version, reported_version, site, zone, artifact_id, kind) using (kind)
     order by device_key
     on conflict (device_key, campaign_id, leg) do nothing returning upgrade_id as "upgradeId"`,
    [campaignId, at, ...own, ofKind, ...common],
  )
}

const OWN = ['upgradeId', 'deviceKey', 'deviceName', 'rank', 'wave'] as const
const COMMON = ['oui', 'productClass', 'hardwareVersion', 'reportedVersion', 'site', 'zone', 'artifactId'] as const

const PREFIX = 3

/** How many of a campaign there are that ranks order, by how their rank begins; and how many canaries, by wave. */
export async function countRanks(
  tx: Queryable,
  campaignId: string,
): Promise<{ readonly prefixes: { prefix: string; n: number }[]; readonly canaries: { wave: number; n: number }[] }> {
  const prefixes = await tx.query<{ prefix: string; n: number }>(
    `select left(rank, ${PREFIX}) as prefix, count(*) as n from scheduler.upgrades
     where campaign_id = $1 and rank <> '' group by 1 order by 1`,
    [campaignId],
  )
  const canaries = await tx.query<{ wave: number; n: number }>(
    `select wave, count(*) as n from scheduler.upgrades where campaign_id = $1 and rank = '' group by wave order by wave`,
    [campaignId],
  )
  return { prefixes, canaries }
}

/** All ranks that begin with one of these, in their order. */
export async function ranksWith(tx: Queryable, campaignId: string, prefixes: readonly string[]): Promise<string[]> {
  if (prefixes.length === 0) return []
  const rows = await tx.query<{ rank: string }>(
    `select rank from scheduler.upgrades where campaign_id = $1 and left(rank, ${PREFIX}) = any($2) order by rank`,
    [campaignId, prefixes],
  )
  return rows.map(({ rank }) => rank)
}

/**
 * Puts the next upgrades of a campaign, in the order of their ids, into the waves that their ranks belong to. Few are
 * not there yet; who has left stays where it was counted. Answers how many of the page each wave has, and the last id; null: there were no more.
 */
export async function settleWaves(
  tx: Queryable,
  campaignId: string,
  { firstWave, bounds }: { readonly firstWave: number; readonly bounds: readonly string[] },
  afterId: string | null,
  limit: number,
): Promise<{ readonly lastId: string; readonly waves: { wave: number; n: number }[] } | null> {
  const waves = await tx.query<{ wave: number; n: number; lastId: string }>(
    `with page as (
       select upgrade_id, wave as was, case when rank = '' or counts_as <> 'pending' then wave else $2::integer + width_bucket(rank, $3::text[]) end as wave
       from scheduler.upgrades where campaign_id = $1 and upgrade_id > $4 order by upgrade_id limit $5
     ), moved as (
       update scheduler.upgrades u set wave = page.wave from page
       where u.upgrade_id = page.upgrade_id and page.was <> page.wave
     )
     select wave, count(*) as n, max(upgrade_id) as "lastId" from page group by wave order by wave`,
    [campaignId, firstWave, bounds, afterId ?? '', limit],
  )
  if (waves.length === 0) return null
  return { lastId: waves.map(({ lastId }) => lastId).reduce((a, b) => (a > b ? a : b)), waves }
}
