import type { History, Violation } from './history.ts'
import { type Counts, addMove, countsOf, isClaim, movesOf, plansOf } from './replay.ts'

/**
 * No claim goes over a cap of its campaign's policy, and none is committed unless the campaign runs, was agreed to where
 * that was asked for, and the wave is open.
 */
export function checkClaims(history: History): Violation[] {
  return [...checkCaps(history), ...checkSites(history), ...checkStates(history), ...checkApprovals(history)]
}

function checkCaps(history: History): Violation[] {
  const violations: Violation[] = []
  const plans = plansOf(history)
  const starts = new Map<string, number[]>()
  const counts = new Map<string, Counts>([...plans].map(([id, plan]) => [id, countsOf(plan.size)]))
  /** In flight or unproven, after each of the last moves: a claim may not yet have seen those that were under way beside it. */
  const recent = new Map<string, number[]>()
  for (const moved of movesOf(history)) {
    const { campaignId, row } = moved
    const policy = plans.get(campaignId)?.policy
    const now = counts.get(campaignId)
    if (policy === undefined || now === undefined) {
      violations.push({ rule: 'campaign_was_planned', detail: `${campaignId} moves, and has no plan`, seq: row.seq })
      continue
    }
    const seen = recent.get(campaignId) ?? []
    seen.push(unprovenSoon(now))
    recent.set(campaignId, seen.slice(-history.underWay - 1))
    addMove(now, moved)
    if (!isClaim(moved)) continue
    const { inFlight, unproven, startsPerMinute = Infinity } = policy.caps
    if ((now['in_flight'] ?? 0) > inFlight) {
      const detail = `${now['in_flight']} in flight in ${campaignId}, where ${inFlight} are allowed`
      violations.push({ rule: 'cap_in_flight', detail, seq: row.seq })
    }
    if (Math.min(...seen.slice(-history.underWay - 1)) >= unproven) {
      const detail = `a claim in ${campaignId} with ${unprovenSoon(now) - 1} in flight or unproven, where ${unproven} are allowed`
      violations.push({ rule: 'cap_unproven', detail, seq: row.seq })
    }
    const minute = [...(starts.get(campaignId) ?? []), row.at].filter((at) => at > row.at - 60_000)
    starts.set(campaignId, minute)
    if (minute.length > startsPerMinute) {
      const detail = `${minute.length} starts within a minute in ${campaignId}, where ${startsPerMinute} are allowed`
      violations.push({ rule: 'cap_starts_per_minute', detail, seq: row.seq })
    }
  }
  return violations
}

/** Whoever is in flight may be back in a moment: the cap counts both. */
const isSoon = (counted: string): number => Number(counted === 'in_flight' || counted === 'unproven')
const unprovenSoon = (counts: Counts): number => (counts['in_flight'] ?? 0) + (counts['unproven'] ?? 0)

/** Of each site that shares a line, no more in flight, or unproven, than the policy allows. */
function checkSites(history: History): Violation[] {
  const plans = plansOf(history)
  const violations: Violation[] = []
  const siteOf = new Map<string, string>()
  const inFlight = new Map<string, number>()
  /** In flight or unproven, after each of the last moves. */
  const soon = new Map<string, number[]>()
  for (const moved of movesOf(history)) {
    const caps = plans.get(moved.campaignId)?.policy.caps.perSite
    if (isClaim(moved) && moved.site != null) siteOf.set(moved.upgradeId, `${moved.campaignId} at ${moved.site}`)
    const site = siteOf.get(moved.upgradeId)
    if (caps === undefined || site === undefined) continue
    const change = Number(moved.countsAs === 'in_flight') - Number(moved.countedAs === 'in_flight')
    const now = (inFlight.get(site) ?? 0) + change
    inFlight.set(site, now)
    const seen = soon.get(site) ?? [0]
    const { unproven = Infinity } = caps
    soon.set(
      site,
      [...seen, seen.at(-1)! + isSoon(moved.countsAs) - isSoon(moved.countedAs)].slice(-history.underWay - 1),
    )
    if (!isClaim(moved)) continue
    if (now > caps.inFlight) {
      const detail = `${now} in flight in ${site}, where ${caps.inFlight} are allowed`
      violations.push({ rule: 'cap_site_in_flight', detail, seq: moved.row.seq })
    }
    if (Math.min(...seen) >= unproven) {
      const detail = `a claim in ${site} with ${seen.at(-1)} in flight or unproven, where ${unproven} are allowed`
      violations.push({ rule: 'cap_site_unproven', detail, seq: moved.row.seq })
    }
  }
  return violations
}

/** A campaign that needs a second person starts after another one than its creator has agreed. */
function checkApprovals(history: History): Violation[] {
  const creators = new Map<string | null, string>()
  const waiting = new Set<string | null>()
  const violations: Violation[] = []
  for (const { kind, campaignId, actor, data, seq } of history.rows) {
    if (kind === 'campaign.created') creators.set(campaignId, actor)
    const needed = (data as { approvalNeeded?: readonly string[] } | null)?.approvalNeeded
    if (needed !== undefined && needed.length > 0) waiting.add(campaignId)
    if (kind === 'campaign.approved' && actor !== creators.get(campaignId)) waiting.delete(campaignId)
    const isStart = kind === 'campaign.moved' && (data as { to: string }).to === 'running'
    if (isStart && waiting.has(campaignId)) {
      violations.push({ rule: 'a_second_person_agreed', detail: `${campaignId} was started without one`, seq })
    }
  }
  return violations
}

function checkStates(history: History): Violation[] {
  const violations: Violation[] = []
  const states = new Map<string, string>()
  const open = new Set<string>()
  for (const row of history.rows) {
    if (row.campaignId === null) continue
    if (row.kind === 'campaign.moved') states.set(row.campaignId, (row.data as { to: string }).to)
    if (row.kind === 'campaign.wave_opened') open.add(`${row.campaignId} ${(row.data as { wave: number }).wave}`)
    const [moved] = movesOf({ rows: [row] })
    if (moved === undefined || !isClaim(moved)) continue
    const state = states.get(row.campaignId) ?? 'ready'
    if (state !== 'running') {
      const detail = `${moved.upgradeId} was offered while ${row.campaignId} was ${state}`
      violations.push({ rule: 'no_claim_unless_running', detail, seq: row.seq })
    }
    if (!open.has(`${row.campaignId} ${moved.wave}`)) {
      const detail = `${moved.upgradeId} was offered before wave ${moved.wave} was open`
      violations.push({ rule: 'no_claim_in_a_closed_wave', detail, seq: row.seq })
    }
  }
  return violations
}
