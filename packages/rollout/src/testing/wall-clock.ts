import type { Policy, Weekday, Window } from '../policy.ts'

export type Rules = Pick<Policy, 'freeze'> & { windows: Window[] }

export interface Stretch {
  from: number
  to: number
}

const minute = 60_000
const quarter = 15 * minute
export const weekdays: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

/**
 * Says of an instant whether it is within the hours, and in no freeze. This judge of all that is said of windows is a
 * clock on a wall, and nothing else: it is asked for one instant at a time, which is slow, and has no idea of openings.
 */
export function wallOf({ windows, freeze = [] }: Rules, zone: string | null): (at: number) => boolean {
  const closures = freeze.map(({ from, to }) => ({ from: Date.parse(from), to: Date.parse(to) }))
  const places = [...Map.groupBy(windows, (window) => zone ?? window.zone)]
  return (at) => {
    if (closures.some(({ from, to }) => from <= at && at < to)) return false
    return windows.length === 0 || places.some(([place, hours]) => isWithin(hours, place, at))
  }
}

function isWithin(windows: readonly Window[], zone: string, at: number): boolean {
  const clock = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDateTime()
  const time = timeOf(clock.hour * 60 + clock.minute)
  const today = clock.dayOfWeek - 1
  return windows.some(({ days, from, to }) => {
    const isDay = (weekday: number) => !days || days.includes(weekdays[weekday]!)
    if (from < to) return isDay(today) && from <= time && time < to
    return (isDay(today) && from <= time) || (isDay((today + 6) % 7) && time < to)
  })
}

export function timeOf(minuteOfDay: number): string {
  const text = (figure: number) => String(figure).padStart(2, '0')
  return `${text(Math.floor(minuteOfDay / 60))}:${text(minuteOfDay % 60)}`
}

/** All that is open, by the wall: it is read at each instant at which its answer may change, so nothing lies between. */
export function openStretches(rules: Rules, zone: string | null, from: number, to: number): Stretch[] {
  const isOpen = wallOf(rules, zone)
  const stretches: Stretch[] = []
  let opened: number | null = null
  for (const at of [...momentsBetween(rules, zone, from, to), to]) {
    const opens = at < to && isOpen(at)
    if (opens) opened ??= at
    else if (opened !== null) {
      stretches.push({ from: opened, to: at })
      opened = null
    }
  }
  return stretches
}

/** The first instant from `at` on after which it stays open for `marginMs`, that end included. */
export function startFrom(stretches: readonly Stretch[], at: number, marginMs: number): number | null {
  const fits = stretches.find(({ from, to }) => Math.max(from, at) + marginMs < to)
  return fits ? Math.max(fits.from, at) : null
}

/**
 * Every instant at which the answer may change within a while, in order: each minute would do, these are enough and
 * fewer. Zones are whole quarters of an hour ahead of UTC or behind by now, but not all change their clocks at one.
 */
export function momentsBetween(rules: Rules, zone: string | null, from: number, to: number): number[] {
  const edges = rules.windows.flatMap((window) => [window.from, window.to])
  const moments = [from]
  for (const after of new Set([0, ...edges.map((time) => (Number(time.slice(3)) % 15) * minute)]))
    for (let at = Math.floor(from / quarter) * quarter + after; at < to; at += quarter) moments.push(at)
  for (const at of turnsBetween(rules, zone, from, to)) moments.push(at - 1, at)
  return [...new Set(moments)].filter((at) => from <= at && at < to).toSorted((a, b) => a - b)
}

/** Where the days are not as usual: changes of the clocks, and both ends of each freeze. */
export function turnsBetween(rules: Rules, zone: string | null, from: number, to: number): number[] {
  const zones = new Set(rules.windows.map((window) => zone ?? window.zone))
  const ends = (rules.freeze ?? []).flatMap((one) => [Date.parse(one.from), Date.parse(one.to)])
  return [...ends, ...[...zones].flatMap((one) => transitionsOf(one, from, to))]
}

export function transitionsOf(zone: string, from: number, to: number): number[] {
  const found: number[] = []
  let clock: Temporal.ZonedDateTime | null = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone)
  while ((clock = clock.getTimeZoneTransition('next')) !== null && clock.epochMilliseconds < to)
    found.push(clock.epochMilliseconds)
  return found
}
