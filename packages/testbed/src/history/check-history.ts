import { checkAttempts } from './check-attempts.ts'
import { checkCaps } from './check-caps.ts'
import { checkChains } from './check-chains.ts'
import { checkClaims } from './check-claims.ts'
import { checkCounters } from './check-counters.ts'
import { checkGates } from './check-gates.ts'
import { checkOutcomes } from './check-outcomes.ts'
import { checkPace } from './check-pace.ts'
import { checkWindows } from './check-windows.ts'
import type { History, Violation } from './history.ts'

const CHECKS = [
  checkAttempts,
  checkClaims,
  checkCaps,
  checkPace,
  checkWindows,
  checkCounters,
  checkGates,
  checkOutcomes,
  checkChains,
]

/** Every promise that the journals and the devices' records show as not kept. Empty is what a test wants. */
export function checkHistory(history: History): Violation[] {
  return CHECKS.flatMap((check) => check(history))
}
