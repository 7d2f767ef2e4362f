import { dueAt } from './due-at.ts'
import type { Policy } from './policy.ts'
import type { Upgrade } from './upgrade.ts'

/** Our own gateways or file server were down for `outageMs`: the timers of what is under way stood still. */
export function excuse(upgrade: Upgrade, outageMs: number, policy: Policy): Upgrade {
  if (!('attempt' in upgrade)) return upgrade
  const attempt = { ...upgrade.attempt, excusedMs: upgrade.attempt.excusedMs + outageMs }
  const excused = { ...upgrade, attempt }
  return { ...excused, dueAt: dueAt(excused, policy), version: upgrade.version + 1 }
}
