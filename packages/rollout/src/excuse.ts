import { dueAt } from './due-at.ts'
import type { Policy } from './policy.ts'
import type { Outage } from './stand-still.ts'
import { addOutage } from './stand-still.ts'
import type { Upgrade } from './upgrade.ts'

/**
 * Our own gateways or file server were down in `outage`: the timers of what is under way stood still, and transfers
 * that failed meanwhile are not charged. Twice is once: then, or where no try was open, it is the same object. Say it
 * before the facts and the `time_passed` that follow the outage: what has settled is not taken back.
 */
export function excuse(upgrade: Upgrade, outage: Outage, policy: Policy): Upgrade {
  if (!('attempt' in upgrade)) return upgrade
  const { attempt } = upgrade
  if (outage.to <= Math.max(outage.from, attempt.offeredAt)) return upgrade
  if (attempt.outages.some(({ from, to }) => from <= outage.from && to >= outage.to)) return upgrade
  const excused = { ...upgrade, attempt: { ...attempt, outages: addOutage(attempt.outages, outage) } }
  return { ...excused, dueAt: dueAt(excused, policy), version: upgrade.version + 1 }
}
