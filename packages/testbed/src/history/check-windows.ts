import type { History, Violation } from './history.ts'
import { type Moved, type Plan, type PlannedWindow, imageBytesOf, isClaim, movesOf, plansOf } from './replay.ts'

type Policy = Plan['policy']
type Closing = 'freeze' | 'window'

const MINUTE = 60_000
/** A CPE may begin a plain Download so long after it was told (TR-069 3.7.2.4). */
const LATE_START = 60 * MINUTE
/** No device is told of a window that begins later. */
const FARTHEST = 24 * 60 * MINUTE

/**
 * No Download is offered outside of the policy's windows, by the wall clock of its device, in a freeze, or too late to end
 * before either; and who is handed windows, to keep to them by itself, is handed none but the policy's.
 */
export function checkWindows(history: History): Violation[] {
  const plans = plansOf(history)
  const bytesOf = imageBytesOf(history)
  return movesOf(history)
    .filter(isClaim)
    .flatMap((claim) => {
      const policy = plans.get(claim.campaignId)?.policy
      if (policy === undefined) return []
      const { schedule } = claim.fact
      const work = workMs(bytesOf(claim), policy)
      return schedule === undefined ? checkStart(claim, policy, work) : checkHanded(claim, policy, work, schedule)
    })
}

function checkStart({ upgradeId, zone, row: { at, seq } }: Moved, policy: Policy, work: number): Violation[] {
  const offered = `${upgradeId} was offered at ${timeOf(at)}`
  const closed = closedWithin(policy, zone, at, at)
  if (closed === 'freeze') return [{ rule: 'no_claim_in_a_freeze', detail: `${offered}, in a freeze`, seq }]
  if (closed === 'window') {
    return [{ rule: 'no_claim_outside_windows', detail: `${offered}, outside of every window`, seq }]
  }
  const delay = (policy.delivery?.delaySeconds ?? 0) * 1_000
  const ends = at + delay + work + (policy.strictWindows === true ? LATE_START : 0)
  if (closedWithin(policy, zone, at, ends) === undefined) return []
  const detail = `${offered}, and could not end in time, by ${timeOf(ends)}`
  return [{ rule: 'no_claim_too_late_to_end', detail, seq }]
}

/** The journal has when the first of them begins and when the last of them ends; two at most, which may be one. */
function checkHanded(
  { upgradeId, zone, row: { at, seq } }: Moved,
  policy: Policy,
  work: number,
  { from, until }: NonNullable<Moved['fact']['schedule']>,
): Violation[] {
  const broken = (rule: string, what: string): Violation[] => [
    { rule, detail: `${upgradeId} was handed windows from ${timeOf(from)} until ${timeOf(until)}: ${what}`, seq },
  ]
  if (from < at || from > at + FARTHEST || until <= from) {
    return broken('handed_windows_are_the_next', `they were to begin within a day from ${timeOf(at)}`)
  }
  const last = until - 1
  const edges = [closedWithin(policy, zone, from, from), closedWithin(policy, zone, last, last)]
  if (edges.includes('freeze')) return broken('no_freeze_is_handed_out', 'one of these lies in a freeze')
  if (edges.includes('window'))
    return broken('handed_windows_are_the_policys', 'one of these lies outside of every window')
  // They begin when the device does: what is left out of a margin is a late start.
  const isTooShort = [
    closedWithin(policy, zone, from, from + work),
    closedWithin(policy, zone, last - work, last),
  ].some((closed) => closed !== undefined)
  return isTooShort ? broken('handed_windows_have_room', `${work} ms do not fit into each of them`) : []
}

const hasWindows = ({ windows = [] }: Policy): boolean => windows.length > 0

/** The slowest transfer allowed, and the flash. */
function workMs(imageBytes: number, { timers }: Policy): number {
  const slowest = Math.ceil((imageBytes * 8_000) / timers.slowestBitsPerSecond)
  return Math.max(timers.minTransferMs, slowest) + timers.flashMs
}

/** What closes from one instant to another, both of them included, by a look at each minute. */
function closedWithin(policy: Policy, zone: Moved['zone'], from: number, to: number): Closing | undefined {
  const isFrozen = policy.freeze?.some((freeze) => to >= Date.parse(freeze.from) && from < Date.parse(freeze.to))
  if (isFrozen === true) return 'freeze'
  if (!hasWindows(policy)) return undefined
  for (let at = from; at < to + MINUTE; at += MINUTE) {
    const shown = Math.min(at, to)
    if (!policy.windows!.some((window) => showsItsHours(window, zone ?? window.zone, shown))) return 'window'
  }
  return undefined
}

/** By what a clock on the wall of that place shows: a day of the week, and a time. */
function showsItsHours({ days, from, to }: PlannedWindow, zone: string, at: number): boolean {
  const { day, time } = wallClock(zone, at)
  const isDay = (one: number) => days === undefined || days.includes(one)
  if (from < to) return isDay(day) && time >= from && time < to
  return (isDay(day) && time >= from) || (isDay(day === 1 ? 7 : day - 1) && time < to)
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
/** Costly to make, and asked for every minute of a window. */
const clocks = new Map<string, Intl.DateTimeFormat>()

function wallClock(timeZone: string, at: number): { day: number; time: string } {
  const options = { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
  const clock = clocks.get(timeZone) ?? new Intl.DateTimeFormat('en-GB', options)
  clocks.set(timeZone, clock)
  const parts = clock.formatToParts(at)
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? ''
  return { day: DAYS.indexOf(of('weekday')) + 1, time: `${of('hour')}:${of('minute')}` }
}

const timeOf = (at: number): string => new Date(at).toISOString()
