import type { Arbitrary } from 'fast-check'
import { array, boolean, constant, constantFrom, integer, oneof, option, record, subarray } from 'fast-check'
import type { Window } from '../policy.ts'
import { type Rules, timeOf, transitionsOf, weekdays } from './wall-clock.ts'

/** Rules, and a place and a time to try them. */
export interface Situation {
  rules: Rules
  subscriber: string | null
  /** When it begins: any of its days may have a freeze. */
  year: number
  /** Four days of it to be looked at closely: around a change of the clocks, where there is one. */
  from: number
  to: number
  marginMs: number
}

const minute = 60_000
const quarter = 15 * minute
const day = 86_400_000
const quartersOfDay = 24 * 4

const odd = ['Australia/Lord_Howe', 'Africa/Casablanca', 'Pacific/Apia', 'Asia/Kathmandu', 'America/St_Johns']
export const zones = [...new Set([...odd, 'UTC', ...Intl.supportedValuesOf('timeZone')])]
const zone = oneof({ weight: 1, arbitrary: constantFrom(...odd) }, { weight: 4, arbitrary: constantFrom(...zones) })

/** Times of the day. */
export const quarters = integer({ min: 0, max: quartersOfDay - 1 }).map((index) => timeOf(index * 15))
export const minutes = integer({ min: 0, max: 24 * 60 - 1 }).map(timeOf)

/** 2011 has Apia's lost Friday; 2026 and 2027 what the rules of today foresee. */
const startOfYear = constantFrom(...[2011, 2026, 2027].map((year) => Date.UTC(year, 0, 1)))

/** In quarters of an hour; `close`: within the days that are looked at closely. */
const closure = record({
  at: integer({ min: 0, max: 365 * quartersOfDay }),
  lasts: oneof(integer({ min: 1, max: 60 }), integer({ min: 1, max: 30 * quartersOfDay })),
  close: boolean(),
})

/** `times`: when the hours may begin and end. */
export function situations(times: Arbitrary<string>): Arbitrary<Situation> {
  const window = record(
    { zone, from: times, to: times, days: subarray([...weekdays], { minLength: 1 }) },
    { requiredKeys: ['zone', 'from', 'to'] },
  )
  return record({
    windows: oneof(
      { weight: 9, arbitrary: array(window, { minLength: 1, maxLength: 3 }) },
      { weight: 1, arbitrary: constant<Window[]>([]) },
    ),
    subscriber: option(zone, { nil: null }),
    year: startOfYear,
    closures: array(closure, { maxLength: 3 }),
    near: integer({ min: 0, max: 1_000 }),
    marginMs: oneof(constantFrom(0, quarter, 45 * minute), integer({ min: 0, max: 3 * 60 * minute })),
  }).map(({ windows, subscriber, year, closures, near, marginMs }) => {
    const changes = transitionsOf(subscriber ?? windows[0]?.zone ?? 'UTC', year, year + 365 * day)
    const around = changes.length === 0 ? year + near * 8 * 60 * minute : changes[near % changes.length]!
    const [from, to] = [around - 2 * day, around + 2 * day]
    const freeze = closures.map(({ at, lasts, close }) => {
      const begins = close ? from + (at % (4 * quartersOfDay)) * quarter : year + at * quarter
      return { from: new Date(begins).toISOString(), to: new Date(begins + lasts * quarter).toISOString() }
    })
    return { rules: { windows, freeze }, subscriber, year, from, to, marginMs }
  })
}
