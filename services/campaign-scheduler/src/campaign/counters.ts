import type { Counters as WireCounters } from '@sluice/contracts'
import { type CounterClass, type Counters, noCounters } from '@sluice/rollout'
import type { TallyRow } from '../store/tallies.ts'

/** How many upgrades stand in each class. */
export function countersOf(tallies: readonly TallyRow[]): Counters {
  const counters = { ...noCounters }
  for (const { countsAs, n } of tallies) counters[countsAs as CounterClass] += n
  return counters
}

export function toWire(counters: Counters): WireCounters {
  const { in_flight: inFlight, config_lost: configLost, ...rest } = counters
  return { ...rest, inFlight, configLost }
}

const WITHOUT_OUTCOME: ReadonlySet<string> = new Set<CounterClass>(['pending', 'in_flight', 'unproven'])

/** Outcomes by name. */
export function outcomesOf(tallies: readonly TallyRow[]): Record<string, number> {
  const outcomes: Record<string, number> = {}
  for (const { state, countsAs, n } of tallies) {
    if (!WITHOUT_OUTCOME.has(countsAs)) outcomes[state] = (outcomes[state] ?? 0) + n
  }
  return outcomes
}
