import type { ClaimSituation } from '@sluice/rollout'
import type { Queryable } from '@sluice/sql'
import { countersOf } from '../campaign/counters.ts'
import type { Parts } from '../parts.ts'
import { type CampaignRow, setEgressUntil } from '../store/campaigns.ts'
import { siteUseOf, siteUseOfAll } from '../store/site-use.ts'
import { addStarts, recentStarts, recentStartsOfAll } from '../store/starts.ts'
import { globalUse, talliesOf } from '../store/tallies.ts'
import type { UpgradeRow } from '../store/upgrades.ts'

/** A line's budget may be spent a minute ahead, and by the image that is let in last. */
const EGRESS_AHEAD_MS = 60_000

interface Use {
  readonly inFlight: number
  readonly unproven: number
  readonly starts: number
  /** For how long the line is busy with what was let in, in ms. */
  readonly egressMs: number
}

/** What caps hold by place, counted on as claims of one batch are admitted. */
export type CapUse = Map<string, Use>

const NOTHING: Use = { inFlight: 0, unproven: 0, starts: 0, egressMs: 0 }
const EVERYWHERE = 'all campaigns'
const placeOf = (campaignId: string, site: string | null) => (site === null ? campaignId : `${campaignId} at ${site}`)

/** Read after the locks where it is for a claim: the campaigns', and the global cap's where there is one. */
export async function readCapUse(
  { settings: { globalCaps } }: Pick<Parts, 'settings'>,
  tx: Queryable,
  rows: readonly UpgradeRow[],
  campaigns: readonly CampaignRow[],
  now: number,
): Promise<CapUse> {
  const use: CapUse = new Map()
  const ids = campaigns.map((campaign) => campaign.campaignId)
  const paced = campaigns.filter(({ policy }) => policy.caps.startsPerMinute !== undefined)
  const starts = await recentStarts(
    tx,
    paced.map((one) => one.campaignId),
    now,
  )
  const startsBy = new Map(starts.map(({ campaignId, n }) => [campaignId, n]))
  const tallies = Map.groupBy(await talliesOf(tx, ids), (tally) => tally.campaignId)
  for (const { campaignId, egressUntil } of campaigns) {
    const { in_flight: inFlight, unproven } = countersOf(tallies.get(campaignId) ?? [])
    const egressMs = Math.max(0, (egressUntil ?? 0) - now)
    use.set(campaignId, { inFlight, unproven, starts: startsBy.get(campaignId) ?? 0, egressMs })
  }
  const sites = [...new Set(rows.flatMap(({ site }) => site ?? []))]
  const bySite = campaigns.filter(({ policy }) => policy.caps.perSite !== undefined).map((one) => one.campaignId)
  for (const { campaignId, site, ...held } of await siteUseOf(tx, bySite, sites)) {
    use.set(placeOf(campaignId, site), { ...NOTHING, ...held })
  }
  if (globalCaps === null) return use
  const startsOfAll = globalCaps.startsPerMinute === undefined ? 0 : await recentStartsOfAll(tx, now)
  use.set(EVERYWHERE, { ...NOTHING, ...(await globalUse(tx)), starts: startsOfAll })
  if (globalCaps.perSiteInFlight !== undefined) {
    for (const { site, ...held } of await siteUseOfAll(tx, sites)) {
      use.set(placeOf(EVERYWHERE, site), { ...NOTHING, ...held })
    }
  }
  return use
}

/**
 * The caps that apply to one device of a campaign. Devices in flight count as unproven too: they may be back in a
 * moment, and nobody is asked then.
 */
export function capsOf(
  { settings: { globalCaps } }: Pick<Parts, 'settings'>,
  use: CapUse,
  { campaignId, policy: { caps } }: CampaignRow,
  site: string | null,
): ClaimSituation['caps'] {
  const at = (place: string) => use.get(place) ?? NOTHING
  const [own, all] = [at(campaignId), at(EVERYWHERE)]
  const ownSite = at(placeOf(campaignId, site))
  const allSite = at(placeOf(EVERYWHERE, site))
  const soonUnproven = ({ inFlight, unproven }: Use) => inFlight + unproven
  const applying = [
    { name: 'in_flight', used: own.inFlight, limit: caps.inFlight },
    { name: 'unproven', used: soonUnproven(own), limit: caps.unproven },
    { name: 'starts_per_minute', used: own.starts, limit: caps.startsPerMinute },
    { name: 'egress', used: own.egressMs, limit: caps.egressBitsPerSecond === undefined ? undefined : EGRESS_AHEAD_MS },
    { name: 'in_flight', used: all.inFlight, limit: globalCaps?.inFlight },
    { name: 'unproven', used: soonUnproven(all), limit: globalCaps?.unproven },
    { name: 'starts_per_minute', used: all.starts, limit: globalCaps?.startsPerMinute },
    ...(site === null
      ? []
      : ([
          { name: 'site_in_flight', used: ownSite.inFlight, limit: caps.perSite?.inFlight },
          { name: 'site_unproven', used: soonUnproven(ownSite), limit: caps.perSite?.unproven },
          { name: 'site_in_flight', used: allSite.inFlight, limit: globalCaps?.perSiteInFlight },
        ] as const)),
  ] as const
  return applying.flatMap(({ name, used, limit }) => (limit === undefined ? [] : [{ name, used, limit }]))
}

/** One more start, for the claims that follow in the same batch. `imageBytes`: of what is offered, whatever was planned. */
export function countStart(use: CapUse, campaign: CampaignRow, { site }: UpgradeRow, imageBytes: number): void {
  const { campaignId } = campaign
  const places = [
    campaignId,
    EVERYWHERE,
    ...(site === null ? [] : [placeOf(campaignId, site), placeOf(EVERYWHERE, site)]),
  ]
  const egressMs = egressMsOf(campaign, imageBytes)
  for (const place of places) {
    const held = use.get(place) ?? NOTHING
    use.set(place, {
      ...held,
      inFlight: held.inFlight + 1,
      starts: held.starts + 1,
      egressMs: held.egressMs + egressMs,
    })
  }
}

/** What the caps have to remember of the attempts that were opened: when, and how long they keep the line busy. */
export async function noteStarts(
  tx: Queryable,
  started: readonly { readonly campaignId: string; readonly imageBytes: number }[],
  campaigns: ReadonlyMap<string, CampaignRow>,
  now: number,
): Promise<void> {
  const byCampaign = Map.groupBy(started, ({ campaignId }) => campaignId)
  for (const campaignId of [...byCampaign.keys()].toSorted()) {
    const starts = byCampaign.get(campaignId)!
    await addStarts(tx, campaignId, now, starts.length)
    const campaign = campaigns.get(campaignId)!
    const egressMs = starts.reduce((sum, { imageBytes }) => sum + egressMsOf(campaign, imageBytes), 0)
    if (egressMs > 0) await setEgressUntil(tx, campaignId, Math.max(campaign.egressUntil ?? 0, now) + egressMs)
  }
}

/** For how long one image keeps the line's budget busy. */
function egressMsOf({ policy: { caps } }: CampaignRow, imageBytes: number): number {
  return caps.egressBitsPerSecond === undefined ? 0 : Math.ceil((imageBytes * 8_000) / caps.egressBitsPerSecond)
}
