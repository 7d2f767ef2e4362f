import { isSteppingStoneReached } from './retarget.ts'
import type { Outcome, Upgrade } from './upgrade.ts'

export type CounterClass =
  | 'pending'
  | 'in_flight'
  | 'unproven'
  | 'success'
  | 'config_lost'
  | 'hard'
  | 'silent'
  | 'stalled'
  | 'benign'

export type Counters = Record<CounterClass, number>

export const noCounters: Counters = {
  pending: 0,
  in_flight: 0,
  unproven: 0,
  success: 0,
  config_lost: 0,
  hard: 0,
  silent: 0,
  stalled: 0,
  benign: 0,
}

/** Which counter an upgrade stands in: exactly one, at any time. */
export function classOf(upgrade: Upgrade): CounterClass {
  switch (upgrade.state) {
    case 'pending':
    case 'retry':
      return 'pending'
    case 'verifying':
      return 'unproven'
    case 'settled':
      // A stepping stone says nothing of the version the campaign is about: no gate opens on it. What goes wrong there counts.
      return isSteppingStoneReached(upgrade) ? 'benign' : classOfOutcome(upgrade.outcome)
    case 'offered':
    case 'in_doubt':
    case 'accepted':
    case 'transferring':
    case 'returning':
    case 'cancelling':
      return 'in_flight'
  }
}

export function classOfOutcome(outcome: Outcome): CounterClass {
  switch (outcome.kind) {
    case 'verified':
      return 'success'
    case 'verified_config_lost':
      return 'config_lost'
    case 'failed':
    case 'rolled_back':
    case 'regressed':
      return 'hard'
    case 'timed_out':
      return outcome.contact
    case 'declined':
    case 'skipped':
    case 'superseded':
    case 'cancelled':
      return 'benign'
  }
}

export function foldCounters(upgrades: Iterable<Upgrade>): Counters {
  const counters = { ...noCounters }
  for (const upgrade of upgrades) counters[classOf(upgrade)] += 1
  return counters
}

/** Moves one upgrade from its class before a step to its class after it. */
export function moveCounters(counters: Counters, before: Upgrade, after: Upgrade): Counters {
  const moved = { ...counters }
  moved[classOf(before)] -= 1
  moved[classOf(after)] += 1
  return moved
}
