import type { Policy, Weekday, Window } from './policy.ts'

export type WindowAnswer = { kind: 'open'; until: number | null } | { kind: 'closed'; opensAt: number | null }

const weekdays: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
const minute = 60_000
const day = 24 * 60 * minute
/** Windows come round every week; only a freeze makes the wait longer, and then it is worth a second look. */
const horizons = [16 * day, 400 * day] as const

interface Opening {
  from: number
  to: number
}

/**
 * Whether something may start now, with `marginMs` left before the window ends (transfer and flash).
 * A window is open while the wall clock of the place shows its hours: skipped hours are not there, repeated ones are
 * there twice. `zone` is the subscriber's IANA zone; null takes the zone each window names. No windows: always open.
 * `until` is the first instant at which nothing may start any more, `opensAt` the earliest one at which something may;
 * null: not within a year.
 */
export function windowAt(
  { windows, freeze }: Pick<Policy, 'windows' | 'freeze'>,
  zone: string | null,
  now: number,
  marginMs = 0,
): WindowAnswer {
  const closures = merge(
    (freeze ?? []).map(({ from, to }) => ({
      from: Temporal.Instant.from(from).epochMilliseconds,
      to: Temporal.Instant.from(to).epochMilliseconds,
    })),
  )
  if (!windows || windows.length === 0) return answerFrom([{ from: -Infinity, to: Infinity }], closures, now, marginMs)
  let answer: WindowAnswer = { kind: 'closed', opensAt: null }
  for (const horizon of horizons) {
    const openings = windows.flatMap((window) => openingsOf(window, zone ?? window.zone, now, horizon))
    answer = answerFrom(merge(openings), closures, now, marginMs)
    if (answer.kind === 'open' || answer.opensAt !== null) break
  }
  return answer
}

/** When the next window opens after the one that may be open now; null when there are no windows. */
export function nextOpening(
  policy: Pick<Policy, 'windows' | 'freeze'>,
  zone: string | null,
  now: number,
): number | null {
  if (!policy.windows || policy.windows.length === 0) return null
  const current = windowAt(policy, zone, now)
  if (current.kind === 'closed') return current.opensAt
  if (current.until === null) return null
  const next = windowAt(policy, zone, current.until)
  return next.kind === 'closed' ? next.opensAt : current.until
}

function answerFrom(openings: Opening[], closures: Opening[], now: number, marginMs: number): WindowAnswer {
  const usable = cutOut(openings, closures).filter(({ from, to }) => to - Math.max(from, now) > marginMs)
  const open = usable.find(({ from, to }) => from <= now && now < to)
  if (open) return { kind: 'open', until: Number.isFinite(open.to) ? open.to - marginMs : null }
  const starts = usable.map(({ from }) => from).filter((from) => from > now)
  return { kind: 'closed', opensAt: starts.length === 0 ? null : Math.min(...starts) }
}

/** The window's hours from two days before now on, as instants. */
function openingsOf(window: Window, zone: string, now: number, horizon: number): Opening[] {
  const openings: Opening[] = []
  for (const { from, to, offset } of offsetsOf(zone, now - 2 * day, now + horizon)) {
    for (const hours of wallOpenings(window, from + offset, to + offset)) {
      const opening = { from: Math.max(from, hours.from - offset), to: Math.min(to, hours.to - offset) }
      if (opening.from < opening.to) openings.push(opening)
    }
  }
  return openings
}

/** The stretches of time during which a zone's wall clock goes evenly: `offset` ms ahead of UTC. */
function offsetsOf(zone: string, from: number, to: number): (Opening & { offset: number })[] {
  const stretches: (Opening & { offset: number })[] = []
  let clock = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone)
  for (let start = from; start < to;) {
    const next = clock.getTimeZoneTransition('next')
    const end = Math.min(to, next?.epochMilliseconds ?? to)
    stretches.push({ from: start, to: end, offset: clock.offsetNanoseconds / 1_000_000 })
    if (next === null) break
    clock = next
    start = end
  }
  return stretches
}

/** The window's hours as a wall clock shows them, its readings counted in ms as if it stood in UTC. */
function wallOpenings({ days, from, to }: Window, since: number, until: number): Opening[] {
  const opens = minutesOf(from) * minute
  const closes = minutesOf(to) * minute
  const lasts = closes > opens ? closes - opens : closes + day - opens
  const openings: Opening[] = []
  for (let date = Math.floor(since / day) - 1; date * day < until; date += 1) {
    if (days && !days.includes(weekdays[weekdayOf(date)]!)) continue
    openings.push({ from: date * day + opens, to: date * day + opens + lasts })
  }
  return openings
}

/** 1970-01-01 was a Thursday. */
const weekdayOf = (date: number): number => (((date + 3) % 7) + 7) % 7

function minutesOf(time: string): number {
  const { hour, minute: minutes } = Temporal.PlainTime.from(time)
  return hour * 60 + minutes
}

function merge(openings: Opening[]): Opening[] {
  const merged: Opening[] = []
  for (const opening of openings.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1)
    if (last && opening.from <= last.to)
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, opening.to) }
    else merged.push(opening)
  }
  return merged
}

/** Both in order and apart, and gone through once: a year has thousands of openings. */
function cutOut(openings: Opening[], closures: Opening[]): Opening[] {
  const left: Opening[] = []
  let first = 0
  for (const { from, to } of openings) {
    while (first < closures.length && closures[first]!.to <= from) first += 1
    let rest = from
    for (let index = first; index < closures.length && closures[index]!.from < to; index += 1) {
      const closure = closures[index]!
      if (rest < closure.from) left.push({ from: rest, to: closure.from })
      rest = Math.max(rest, closure.to)
    }
    if (rest < to) left.push({ from: rest, to })
  }
  return left
}
