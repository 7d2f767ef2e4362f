import type { History, ReportedCampaign, Violation } from './history.ts'
import { type Moved, addMove, addedTo, countsOf, inJournalWords, isOutcome, movesOf, plansOf } from './replay.ts'

/** Each upgrade's rows join without a gap, it has one current outcome, and what the API counts is the fold of the rows. */
export function checkCounters(history: History): Violation[] {
  const moves = movesOf(history)
  const last = new Map<string, Moved>(moves.map((moved) => [moved.upgradeId, moved]))
  return [
    ...checkJoints(moves),
    ...history.reported.campaigns.flatMap((campaign) => checkCampaign(history, campaign, moves, last)),
    ...checkReported(history, last),
    ...history.reported.upgrades.flatMap(({ upgradeId, state }) => {
      const expected = last.get(upgradeId)?.to ?? 'pending'
      if (state === expected) return []
      const detail = `${upgradeId} is reported as ${state}, its journal ends with ${expected}`
      return [{ rule: 'one_current_outcome', detail }]
    }),
  ]
}

/** Each upgrade that has moved is told of once, where its campaign is told of. */
function checkReported({ reported }: History, last: ReadonlyMap<string, Moved>): Violation[] {
  const told = new Map<string, number>()
  for (const { upgradeId } of reported.upgrades) told.set(upgradeId, (told.get(upgradeId) ?? 0) + 1)
  const campaigns = new Set(reported.campaigns.map(({ campaignId }) => campaignId))
  const moved = [...last.values()].filter(({ campaignId }) => campaigns.has(campaignId))
  return [...new Set([...told.keys(), ...moved.map(({ upgradeId }) => upgradeId)])]
    .filter((upgradeId) => told.get(upgradeId) !== 1)
    .map((upgradeId) => ({
      rule: 'one_current_outcome',
      detail: `${upgradeId} is reported ${told.get(upgradeId) ?? 0} times`,
    }))
}

function checkJoints(moves: readonly Moved[]): Violation[] {
  const violations: Violation[] = []
  const before = new Map<string, Moved>()
  for (const moved of moves) {
    const { upgradeId, from, countedAs, version, row } = moved
    const previous = before.get(upgradeId)
    const expected = previous?.to ?? 'pending'
    if (from !== expected || countedAs !== (previous?.countsAs ?? 'pending')) {
      const detail = `${upgradeId} moved from ${from} (${countedAs}), but stood in ${expected}`
      violations.push({ rule: 'moves_join', detail, seq: row.seq })
    }
    if (previous !== undefined && version <= previous.version) {
      const detail = `${upgradeId} has version ${version} after ${previous.version}`
      violations.push({ rule: 'moves_join', detail, seq: row.seq })
    }
    before.set(upgradeId, moved)
  }
  return violations
}

function checkCampaign(
  history: History,
  campaign: ReportedCampaign,
  moves: readonly Moved[],
  last: ReadonlyMap<string, Moved>,
): Violation[] {
  const { campaignId } = campaign
  const plan = plansOf(history).get(campaignId)
  if (plan === undefined) return [{ rule: 'campaign_was_planned', detail: `${campaignId} has no plan` }]
  const size = plan.size + addedTo(history, campaignId).length
  const counts = countsOf(size)
  for (const moved of moves) if (moved.campaignId === campaignId) addMove(counts, moved)
  const outcomes: Record<string, number> = {}
  for (const { campaignId: id, to } of last.values()) {
    if (id === campaignId && isOutcome(to)) outcomes[to] = (outcomes[to] ?? 0) + 1
  }
  const settled = Object.values(outcomes).reduce((sum, n) => sum + n, 0)
  return [
    ...differences('counters_are_the_fold', campaignId, inJournalWords(campaign.counters), counts),
    ...differences('outcomes_are_the_fold', campaignId, campaign.outcomes, outcomes),
    ...(campaign.state === 'finished' && settled !== size
      ? [
          {
            rule: 'finished_means_settled',
            detail: `${campaignId} is finished with ${settled} of ${size} settled`,
          },
        ]
      : []),
  ]
}

function differences(
  rule: string,
  campaignId: string,
  said: Readonly<Record<string, number>>,
  folded: Readonly<Record<string, number>>,
): Violation[] {
  return [...new Set([...Object.keys(said), ...Object.keys(folded)])]
    .filter((name) => (said[name] ?? 0) !== (folded[name] ?? 0))
    .map((name) => ({
      rule,
      detail: `${campaignId}: ${name} is ${said[name] ?? 0} by the API and ${folded[name] ?? 0} by the journal`,
    }))
}
