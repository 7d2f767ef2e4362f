import type { Policy, Weekday, Window } from './policy.ts'

export type WindowAnswer = { kind: 'open'; until: number | null } | { kind: 'closed'; opensAt: number | null }

const weekdays: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
const searchDays = 15

interface Opening {
  from: number
  to: number
}

/**
 * Whether something may start now, with `marginMs` left before the window ends (transfer and flash).
 * `zone` is the subscriber's IANA zone; null takes the zone each window names. No windows: always open.
 * `opensAt` null: not within two weeks.
 */
export function windowAt(
  { windows, freeze }: Pick<Policy, 'windows' | 'freeze'>,
  zone: string | null,
  now: number,
  marginMs = 0,
): WindowAnswer {
  const closures = (freeze ?? []).map(({ from, to }) => ({
    from: Temporal.Instant.from(from).epochMilliseconds,
    to: Temporal.Instant.from(to).epochMilliseconds,
  }))
  if (!windows || windows.length === 0) return answerFrom([{ from: -Infinity, to: Infinity }], closures, now, marginMs)
  const openings = windows.flatMap((window) => openingsOf(window, zone ?? window.zone, now))
  return answerFrom(merge(openings), closures, now, marginMs)
}

/** When the next window opens after the one that may be open now; null when there are no windows. */
export function nextOpening(
  policy: Pick<Policy, 'windows' | 'freeze'>,
  now: number,
  zone: string | null = null,
): number | null {
  if (!policy.windows || policy.windows.length === 0) return null
  const current = windowAt(policy, zone, now)
  if (current.kind === 'closed') return current.opensAt
  if (current.until === null) return null
  const next = windowAt(policy, zone, current.until)
  return next.kind === 'closed' ? next.opensAt : current.until
}

function answerFrom(openings: Opening[], closures: Opening[], now: number, marginMs: number): WindowAnswer {
  const usable = closures.reduce(cutOut, openings).filter(({ from, to }) => to - Math.max(from, now) > marginMs)
  const open = usable.find(({ from, to }) => from <= now && now < to)
  if (open) return { kind: 'open', until: Number.isFinite(open.to) ? open.to - marginMs : null }
  const starts = usable.map(({ from }) => from).filter((from) => from > now)
  return { kind: 'closed', opensAt: starts.length === 0 ? null : Math.min(...starts) }
}

/** The window's hours around now, as instants. Temporal resolves hours that daylight saving skips or repeats. */
function openingsOf(window: Window, zone: string, now: number): Opening[] {
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone).toPlainDate()
  const from = Temporal.PlainTime.from(window.from)
  const to = Temporal.PlainTime.from(window.to)
  const overnight = Temporal.PlainTime.compare(to, from) <= 0
  const openings: Opening[] = []
  for (let offset = -1; offset <= searchDays; offset += 1) {
    const date = today.add({ days: offset })
    if (window.days && !window.days.includes(weekdays[date.dayOfWeek - 1]!)) continue
    const opens = date.toZonedDateTime({ timeZone: zone, plainTime: from })
    const closes = date.add({ days: overnight ? 1 : 0 }).toZonedDateTime({ timeZone: zone, plainTime: to })
    if (closes.epochMilliseconds > opens.epochMilliseconds)
      openings.push({ from: opens.epochMilliseconds, to: closes.epochMilliseconds })
  }
  return openings
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

function cutOut(openings: Opening[], closure: Opening): Opening[] {
  return openings.flatMap(({ from, to }) =>
    [
      { from, to: Math.min(to, closure.from) },
      { from: Math.max(from, closure.to), to },
    ].filter((part) => part.from < part.to),
  )
}
