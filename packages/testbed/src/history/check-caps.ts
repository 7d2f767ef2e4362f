import type { History, Violation } from './history.ts'
import { type Moved, type Plan, capsWhen, isClaim, movesOf } from './replay.ts'

/** One limit on what may be under way in a place when somebody is let in there. */
interface Cap {
  readonly rule: string
  readonly place: string
  readonly counts: 'in flight' | 'in flight or unproven'
  readonly limit: number | undefined
}

/** What is under way in a place. */
interface Use {
  readonly inFlight: number
  readonly unproven: number
  /** How many rows have moved somebody here. */
  readonly moves: number
  /** At which of them the fact of a device, and no claim, brought somebody in. */
  readonly takenBackAt: readonly number[]
}

const NOTHING: Use = { inFlight: 0, unproven: 0, moves: 0, takenBackAt: [] }
const EVERYWHERE = 'all campaigns'

/**
 * Nobody is let in where a cap is full: that of the campaign, that of all campaigns together, and those of the device's
 * site, in the campaign and in all of them. A device counts at the site where it stood at its claim.
 */
export function checkCaps(history: History): Violation[] {
  const capsOf = capsWhen(history)
  const uses = new Map<string, Use>()
  const siteOf = new Map<string, string | null>()
  return movesOf(history).flatMap((moved) => {
    const { campaignId, upgradeId, row } = moved
    const own = capsOf(moved)
    if (own === undefined) {
      return [{ rule: 'campaign_was_planned', detail: `${campaignId} moves, and has no plan`, seq: row.seq }]
    }
    if (isClaim(moved)) siteOf.set(upgradeId, moved.site ?? null)
    const site = siteOf.get(upgradeId) ?? null
    const caps = isClaim(moved) ? capsOn(campaignId, site, own, history.capsOfAll) : []
    const broken = caps.flatMap((cap) => checkCap(cap, uses.get(cap.place) ?? NOTHING, history.underWay, row.seq))
    for (const place of placesOf(campaignId, site)) uses.set(place, usedAfter(uses.get(place) ?? NOTHING, moved))
    return broken
  })
}

const at = (place: string, site: string) => `${place} at ${site}`

const placesOf = (campaignId: string, site: string | null): string[] =>
  [campaignId, EVERYWHERE].flatMap((place) => (site === null ? [place] : [place, at(place, site)]))

function capsOn(
  campaignId: string,
  site: string | null,
  caps: Plan['policy']['caps'],
  all: History['capsOfAll'],
): readonly Cap[] {
  const ofAll = [
    { rule: 'cap_in_flight', place: campaignId, counts: 'in flight', limit: caps.inFlight },
    { rule: 'cap_unproven', place: campaignId, counts: 'in flight or unproven', limit: caps.unproven },
    { rule: 'cap_of_all_in_flight', place: EVERYWHERE, counts: 'in flight', limit: all.inFlight },
    { rule: 'cap_of_all_unproven', place: EVERYWHERE, counts: 'in flight or unproven', limit: all.unproven },
  ] as const
  if (site === null) return ofAll
  const [own, every] = [at(campaignId, site), at(EVERYWHERE, site)]
  return [
    ...ofAll,
    { rule: 'cap_site_in_flight', place: own, counts: 'in flight', limit: caps.perSite?.inFlight },
    { rule: 'cap_site_unproven', place: own, counts: 'in flight or unproven', limit: caps.perSite?.unproven },
    { rule: 'cap_of_all_site_in_flight', place: every, counts: 'in flight', limit: all.perSiteInFlight },
  ]
}

function checkCap({ rule, place, counts, limit }: Cap, use: Use, underWay: number, seq: number): Violation[] {
  const used = counts === 'in flight' ? use.inFlight : use.inFlight + use.unproven - unseenTakenBack(use, underWay)
  if (limit === undefined || used < limit) return []
  return [{ rule, detail: `a claim in ${place} with ${used} ${counts}, where ${limit} are allowed`, seq }]
}

/**
 * The one slack that caps have, and none of it is on the embedded database. Claims count under locks, one after another.
 * What devices say is written beside them, and makes room; but late word takes an outcome back, and who was settled is
 * unproven again. A claim may not have seen that of the rows under way beside it.
 */
function unseenTakenBack({ moves, takenBackAt }: Use, underWay: number): number {
  return takenBackAt.filter((move) => move >= moves - underWay).length
}

function usedAfter({ inFlight, unproven, moves, takenBackAt }: Use, moved: Moved): Use {
  const change = (name: string) => Number(moved.countsAs === name) - Number(moved.countedAs === name)
  const isTakenBack = !isClaim(moved) && change('in_flight') + change('unproven') > 0
  return {
    inFlight: inFlight + change('in_flight'),
    unproven: unproven + change('unproven'),
    moves: moves + 1,
    takenBackAt: isTakenBack ? [...takenBackAt, moves] : takenBackAt,
  }
}
