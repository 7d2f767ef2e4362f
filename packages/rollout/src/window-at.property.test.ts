import { assert, constantFrom, integer, option, property, record, subarray, array } from 'fast-check'
import { expect, test } from 'vitest'
import { admitClaim, windowMarginMs } from './admit-claim.ts'
import { type Policy, type Weekday, type Window, defaultPolicy } from './policy.ts'
import { tellStory } from './tell-story.ts'
import { windowAt } from './window-at.ts'

/**
 * The judge here is a clock on a wall, and nothing else: it asks the calendar for one instant at a time, which is slow
 * and has no idea of openings. What `windowAt` says is compared with it, around each change of each zone above all.
 */
const minute = 60_000
const day = 86_400_000
const weekdays: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

const odd = ['Australia/Lord_Howe', 'Africa/Casablanca', 'Pacific/Apia', 'Asia/Kathmandu', 'America/St_Johns']
const zones = [...new Set([...odd, 'UTC', ...Intl.supportedValuesOf('timeZone')])]

function wallSaysOpen({ windows, freeze }: Rules, zone: string | null, at: number): boolean {
  if ((freeze ?? []).some(({ from, to }) => Date.parse(from) <= at && at < Date.parse(to))) return false
  return windows.some((window) => isWithin(window, zone ?? window.zone, at))
}

function isWithin({ days, from, to }: Window, zone: string, at: number): boolean {
  const clock = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
  const time = clock.toPlainTime().toString({ smallestUnit: 'minute' })
  const isDay = (date: Temporal.PlainDate) => !days || days.includes(weekdays[date.dayOfWeek - 1]!)
  const today = clock.toPlainDate()
  if (from < to) return isDay(today) && from <= time && time < to
  return (isDay(today) && from <= time) || (isDay(today.subtract({ days: 1 })) && time < to)
}

type Rules = Pick<Policy, 'freeze'> & { windows: Window[] }

/** Every instant at which the answer may change within a while: each minute would do, these are enough and fewer. */
function momentsBetween(rules: Rules, zone: string | null, from: number, to: number): number[] {
  const step = 15 * minute
  const even = Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step)
  const edges = (rules.freeze ?? []).flatMap((one) => [Date.parse(one.from), Date.parse(one.to)])
  const changes = [...new Set(rules.windows.map((window) => zone ?? window.zone))].flatMap((one) =>
    transitionsOf(one, from, to),
  )
  return [...even, ...[...edges, ...changes].flatMap((at) => [at - 1, at])].filter((at) => from <= at && at < to)
}

function transitionsOf(zone: string, from: number, to: number): number[] {
  const found: number[] = []
  let clock: Temporal.ZonedDateTime | null = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone)
  while ((clock = clock.getTimeZoneTransition('next')) !== null && clock.epochMilliseconds < to)
    found.push(clock.epochMilliseconds)
  return found
}

const quarters = integer({ min: 0, max: 95 }).map((quarter) => {
  const text = (figure: number) => String(figure).padStart(2, '0')
  return `${text(Math.floor(quarter / 4))}:${text((quarter % 4) * 15)}`
})
const zone = constantFrom(...zones)
const window = record(
  { zone, from: quarters, to: quarters, days: subarray([...weekdays], { minLength: 1 }) },
  { requiredKeys: ['zone', 'from', 'to'] },
)
/** 2011 has Apia's lost Friday; 2026 and 2027 what the rules of today foresee. */
const startOfYear = constantFrom(...[2011, 2026, 2027].map((year) => Date.UTC(year, 0, 1)))
const freezes = array(
  record({ at: integer({ min: 0, max: 365 * 24 * 4 }), lasts: integer({ min: 1, max: 30 * 24 * 4 }) }),
  { maxLength: 3 },
)
const situation = record({
  windows: array(window, { minLength: 1, maxLength: 3 }),
  subscriber: option(zone, { nil: null }),
  year: startOfYear,
  closures: freezes,
  /** Where in the year it is looked at closely: near a change of the clocks, where there is one. */
  near: integer({ min: 0, max: 1_000 }),
  marginMs: constantFrom(0, 15 * minute, 45 * minute, 3 * 60 * minute),
}).map(({ windows, subscriber, year, closures, near, marginMs }) => {
  const freeze = closures.map(({ at, lasts }) => ({
    from: new Date(year + at * 15 * minute).toISOString(),
    to: new Date(year + (at + lasts) * 15 * minute).toISOString(),
  }))
  const changes = transitionsOf(subscriber ?? windows[0]!.zone, year, year + 365 * day)
  const around = changes.length === 0 ? year + near * 8 * 60 * minute : changes[near % changes.length]!
  return { rules: { windows, freeze }, subscriber, from: around - 2 * day, to: around + 2 * day, marginMs, year }
})

/** Said with each failure, so that it can be had again. */
const runs = { numRuns: 150, verbose: 1 } as const

test('whatever starts within a window ends within it, by the clock on the wall, around every change of the clocks', () => {
  assert(
    property(situation, ({ rules, subscriber, from, to, marginMs }) => {
      const isOpen = memo((at: number) => wallSaysOpen(rules, subscriber, at))
      for (const at of momentsBetween(rules, subscriber, from, to)) {
        const answer = windowAt(rules, subscriber, at, marginMs)
        const lasts = [at, ...momentsBetween(rules, subscriber, at, at + marginMs), at + marginMs]
        expect(answer.kind === 'open', new Date(at).toISOString()).toBe(lasts.every(isOpen))
        if (answer.kind === 'open') expect(answer.until).toBeGreaterThan(at)
      }
    }),
    runs,
  )
})

test('a window is told to open at the earliest instant at which it does, and that instant never moves back', () => {
  assert(
    property(situation, ({ rules, subscriber, from, to, marginMs }) => {
      const moments = momentsBetween(rules, subscriber, from, to).toSorted((a, b) => a - b)
      const answers = moments.map((at) => windowAt(rules, subscriber, at, marginMs))
      let firstOpen = Infinity
      let told = Infinity
      // Backwards: what is told later is never earlier, and nothing was open before it.
      for (const [index, answer] of [...answers.entries()].toReversed()) {
        const at = moments[index]!
        if (answer.kind === 'open') firstOpen = at
        const opensAt = answer.kind === 'open' ? at : (answer.opensAt ?? Infinity)
        if (opensAt > told || opensAt < at || opensAt > firstOpen) throw new Error(new Date(at).toISOString())
        if (opensAt === told || opensAt === Infinity) continue
        told = opensAt
        expect(windowAt(rules, subscriber, opensAt, marginMs).kind).toBe('open')
        expect(windowAt(rules, subscriber, opensAt - 1, marginMs).kind === 'open' && opensAt > at).toBe(false)
      }
    }),
    runs,
  )
})

test('in every zone the hours hold through every change of the clocks of a year', () => {
  const nights: Rules = { windows: [{ zone: 'UTC', from: '00:30', to: '02:30' }] }
  const overnight: Rules = { windows: [{ zone: 'UTC', from: '23:15', to: '03:15', days: ['sat', 'wed'] }] }
  let changes = 0
  for (const one of zones) {
    for (const year of [2011, 2026]) {
      for (const change of transitionsOf(one, Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1))) {
        changes += 1
        for (const rules of [nights, overnight]) {
          for (let at = change - 2 * 60 * minute; at < change + 2 * 60 * minute; at += 15 * minute) {
            const isOpen = windowAt(rules, one, at).kind === 'open'
            if (isOpen !== wallSaysOpen(rules, one, at)) throw new Error(`${one} at ${new Date(at).toISOString()}`)
          }
        }
      }
    }
  }
  expect(changes).toBeGreaterThan(500)
})

test('no claim is let in outside its window at any quarter of an hour of a year', () => {
  const { upgrade } = tellStory()
  assert(
    property(situation, ({ rules, subscriber, year }) => {
      const policy: Policy = { ...defaultPolicy, ...rules, strictWindows: year % 2 === 0 }
      const margin = windowMarginMs(upgrade.imageBytes, policy)
      for (let at = year; at < year + 365 * day; at += 7 * 15 * minute) {
        const answer = admitClaim({
          now: at,
          upgrade,
          policy,
          campaign: 'running',
          waveOpen: true,
          reportedVersion: '1.0',
          zone: subscriber,
          modelBlocked: false,
          heldElsewhere: false,
          caps: [],
        })
        if (answer.kind !== 'go') continue
        expect(wallSaysOpen(rules, subscriber, at), new Date(at).toISOString()).toBe(true)
        expect(wallSaysOpen(rules, subscriber, at + margin), `${new Date(at).toISOString()} and its margin`).toBe(true)
      }
    }),
    { ...runs, numRuns: 20 },
  )
})

function memo(judge: (at: number) => boolean): (at: number) => boolean {
  const known = new Map<number, boolean>()
  return (at) => {
    const before = known.get(at)
    if (before !== undefined) return before
    const now = judge(at)
    known.set(at, now)
    return now
  }
}
