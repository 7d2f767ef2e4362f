import type { Attempt } from './attempt.ts'

/** A time in which our own gateways or file server were down, epoch ms. */
export interface Outage {
  from: number
  to: number
}

const kept = 32

/** The union, oldest first: an outage told twice, or in parts, counts once. Beyond a few dozen, the two nearest become one. */
export function addOutage(outages: readonly Outage[], { from, to }: Outage): Outage[] {
  const apart = outages.filter((known) => known.to < from || known.from > to)
  const joined = outages.filter((known) => !apart.includes(known))
  const whole = {
    from: Math.min(from, ...joined.map((known) => known.from)),
    to: Math.max(to, ...joined.map((known) => known.to)),
  }
  const sorted = [...apart, whole].toSorted((a, b) => a.from - b.from)
  if (sorted.length <= kept) return sorted
  const gaps = sorted.slice(1).map((next, index) => next.from - sorted[index]!.to)
  const nearest = gaps.indexOf(Math.min(...gaps))
  return sorted.toSpliced(nearest, 2, { from: sorted[nearest]!.from, to: sorted[nearest + 1]!.to })
}

/** `ms` after `since`, by a clock that stands still while we are down. */
export function afterStandstills(since: number, ms: number, outages: readonly Outage[]): number {
  return outages.reduce(
    (deadline, { from, to }) => (to <= since || from >= deadline ? deadline : deadline + to - Math.max(from, since)),
    since + ms,
  )
}

/** Whether we were down at some time between the offer and then. */
export function wasDownBefore(at: number, { offeredAt, outages }: Attempt): boolean {
  return outages.some(({ from, to }) => from <= at && to > offeredAt)
}
