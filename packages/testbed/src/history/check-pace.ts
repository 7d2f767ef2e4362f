import type { History, Violation } from './history.ts'
import { type Moved, imageBytesOf, isClaim, movesOf, plansOf } from './replay.ts'

const MINUTE = 60_000

/** No minute sees more starts than a campaign, or all of them together, may make; and no line is given away for longer than it may be. */
export function checkPace(history: History): Violation[] {
  const claims = movesOf(history).filter(isClaim)
  const plans = plansOf(history)
  const startsOf = (campaignId: string) => plans.get(campaignId)?.policy.caps.startsPerMinute
  const budgetOf = (campaignId: string) => plans.get(campaignId)?.policy.caps.egressBitsPerSecond
  const bytesOf = imageBytesOf(history)
  const { startsPerMinute } = history.capsOfAll
  return [
    ...checkStarts('cap_of_all_starts_per_minute', 'all campaigns', claims, startsPerMinute),
    ...[...Map.groupBy(claims, ({ campaignId }) => campaignId)].flatMap(([campaignId, own]) => [
      ...checkStarts('cap_starts_per_minute', campaignId, own, startsOf(campaignId)),
      ...checkLine(own, bytesOf, budgetOf(campaignId)),
    ]),
  ]
}

/** Any sixty seconds, wherever they begin. Replicas that take turns may write their times in another order. */
function checkStarts(rule: string, place: string, claims: readonly Moved[], limit = Infinity): Violation[] {
  const byTime = claims.toSorted((a, b) => a.row.at - b.row.at)
  return byTime.flatMap(({ row }, index) => {
    const tooMany = byTime[index + limit]
    if (tooMany === undefined || tooMany.row.at - row.at >= MINUTE) return []
    const detail = `more than ${limit} starts within a minute in ${place}`
    return [{ rule, detail, seq: tooMany.row.seq }]
  })
}

/** Each image takes its time at the budget of the line, one behind the other; nobody is let in while they are a minute ahead. */
function checkLine(claims: readonly Moved[], bytesOf: (claim: Moved) => number, budget?: number): Violation[] {
  if (budget === undefined) return []
  let busyUntil = 0
  return claims.flatMap((claim) => {
    const { campaignId, row } = claim
    const aheadMs = busyUntil - row.at
    busyUntil = Math.max(busyUntil, row.at) + Math.ceil((bytesOf(claim) * 8_000) / budget)
    if (aheadMs < MINUTE) return []
    const detail = `a claim in ${campaignId} when its line was given away for ${aheadMs} ms`
    return [{ rule: 'cap_egress', detail, seq: row.seq }]
  })
}
