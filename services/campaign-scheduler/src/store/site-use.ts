import { json, type Queryable } from '@sluice/sql'

/** So much more (or less) work is under way at a site. */
export interface SiteDelta {
  readonly campaignId: string
  readonly site: string
  readonly inFlight: number
  readonly unproven: number
}

export type SiteUse = SiteDelta

const keyOf = ({ campaignId, site }: SiteDelta) => `${campaignId} ${site}`

/** Rows are touched in one order by everybody, so that two transactions never wait for each other. */
export async function addToSiteUse(tx: Queryable, deltas: readonly SiteDelta[]): Promise<void> {
  const sums = new Map<string, SiteDelta>()
  for (const delta of deltas) {
    const before = sums.get(keyOf(delta)) ?? { ...delta, inFlight: 0, unproven: 0 }
    const { inFlight, unproven } = delta
    sums.set(keyOf(delta), {
      ...before,
      inFlight: before.inFlight + inFlight,
      unproven: before.unproven + unproven,
    })
  }
  const summed = [...sums.entries()]
    .filter(([, { inFlight, unproven }]) => inFlight !== 0 || unproven !== 0)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, delta]) => delta)
  if (summed.length === 0) return
  await tx.query(
    `insert into scheduler.site_use (campaign_id, site, in_flight, unproven)
     select "campaignId", site, "inFlight", unproven
     from jsonb_to_recordset($1::jsonb) as d("campaignId" text, site text, "inFlight" bigint, unproven bigint)
     on conflict (campaign_id, site) do update set in_flight = scheduler.site_use.in_flight + excluded.in_flight,
       unproven = scheduler.site_use.unproven + excluded.unproven`,
    [json(summed)],
  )
}

/** Of these campaigns at these sites; a site where nothing is under way may be missing. */
export function siteUseOf(db: Queryable, campaignIds: readonly string[], sites: readonly string[]): Promise<SiteUse[]> {
  if (campaignIds.length === 0 || sites.length === 0) return Promise.resolve([])
  return db.query<SiteUse>(
    `select campaign_id as "campaignId", site, in_flight as "inFlight", unproven from scheduler.site_use
     where campaign_id = any($1) and site = any($2)`,
    [campaignIds, sites],
  )
}

/** Of all campaigns together at these sites: as many rows as campaigns are at work there. */
export function siteUseOfAll(
  db: Queryable,
  sites: readonly string[],
): Promise<{ site: string; inFlight: number; unproven: number }[]> {
  if (sites.length === 0) return Promise.resolve([])
  return db.query(
    `select site, sum(in_flight)::bigint as "inFlight", sum(unproven)::bigint as unproven from scheduler.site_use
     where site = any($1) and (in_flight <> 0 or unproven <> 0) group by site`,
    [sites],
  )
}
