import { dueAt } from './due-at.ts'
import { judge } from './judge.ts'
import type { Policy } from './policy.ts'
import { settleBy } from './settle.ts'
import type { Outage } from './stand-still.ts'
import { addOutage } from './stand-still.ts'
import type { Upgrade } from './upgrade.ts'

/**
 * Our own gateways or file server were down in `outage`: the timers of what is under way stood still, and transfers
 * that failed meanwhile are not charged, also where the next try is waited for already. Twice is once: then, or where
 * there is nothing to excuse, it is the same object. Say it before the facts and the `time_passed` that follow the
 * outage: what has settled is not taken back.
 */
export function excuse(upgrade: Upgrade, outage: Outage, policy: Policy): Upgrade {
  if (upgrade.state === 'pending' || upgrade.state === 'settled') return upgrade
  const known = upgrade.state === 'retry' ? upgrade.last : upgrade.attempt
  if (outage.to <= Math.max(outage.from, known.offeredAt)) return upgrade
  if (known.outages.some(({ from, to }) => from <= outage.from && to >= outage.to)) return upgrade
  const attempt = { ...known, outages: addOutage(known.outages, outage) }
  const excused: Upgrade =
    upgrade.state === 'retry'
      ? settleBy(upgrade, attempt, judge(upgrade, attempt, policy), outage.to, policy).upgrade
      : { ...upgrade, attempt }
  return { ...excused, dueAt: dueAt(excused, policy), version: upgrade.version + 1 }
}
