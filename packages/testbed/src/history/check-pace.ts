import type { History, Violation } from './history.ts'
import { type Moved, capsWhen, imageBytesOf, isClaim, movesOf } from './replay.ts'

const MINUTE = 60_000

/** No minute sees more starts than a campaign, or all of them together, may make; and no line is given away for longer than it may be. */
export function checkPace(history: History): Violation[] {
  const claims = movesOf(history).filter(isClaim)
  const capsOf = capsWhen(history)
  const startsOf = (claim: Moved) => capsOf(claim)?.startsPerMinute
  const budgetOf = (claim: Moved) => capsOf(claim)?.egressBitsPerSecond
  const bytesOf = imageBytesOf(history)
  const { startsPerMinute } = history.capsOfAll
  return [
    ...checkStarts('cap_of_all_starts_per_minute', 'all campaigns', claims, () => startsPerMinute),
    ...[...Map.groupBy(claims, ({ campaignId }) => campaignId)].flatMap(([campaignId, own]) => [
      ...checkStarts('cap_starts_per_minute', campaignId, own, startsOf),
      ...checkLine(own, bytesOf, budgetOf),
    ]),
  ]
}

/** Any sixty seconds, wherever they begin. Replicas that take turns may write their times in another order. */
function checkStarts(
  rule: string,
  place: string,
  claims: readonly Moved[],
  limitOf: (claim: Moved) => number | undefined,
): Violation[] {
  const byTime = claims.toSorted((a, b) => a.row.at - b.row.at)
  return byTime.flatMap((claim, index) => {
    const limit = limitOf(claim)
    const before = limit === undefined ? undefined : byTime[index - limit]
    if (before === undefined || claim.row.at - before.row.at >= MINUTE) return []
    const detail = `more than ${limit} starts within a minute in ${place}`
    return [{ rule, detail, seq: claim.row.seq }]
  })
}

/** Each image takes its time at the budget of the line, one behind the other; nobody is let in while they are a minute ahead. */
function checkLine(
  claims: readonly Moved[],
  bytesOf: (claim: Moved) => number,
  budgetOf: (claim: Moved) => number | undefined,
): Violation[] {
  let busyUntil = 0
  return claims.flatMap((claim) => {
    const { campaignId, row } = claim
    const budget = budgetOf(claim)
    if (budget === undefined) return []
    const aheadMs = busyUntil - row.at
    busyUntil = Math.max(busyUntil, row.at) + Math.ceil((bytesOf(claim) * 8_000) / budget)
    if (aheadMs < MINUTE) return []
    const detail = `a claim in ${campaignId} when its line was given away for ${aheadMs} ms`
    return [{ rule: 'cap_egress', detail, seq: row.seq }]
  })
}
