import { proofDeadlines, targetSince } from './judge-target.ts'
import type { Policy } from './policy.ts'
import { stageDeadline } from './stage.ts'
import type { Upgrade } from './upgrade.ts'

/** When a `time_passed` fact is needed next. A device that says nothing more always settles by these alone. */
export function dueAt(upgrade: Upgrade, policy: Policy): number | null {
  switch (upgrade.state) {
    case 'pending':
    case 'retry':
      return null
    case 'settled':
      return upgrade.final ? null : upgrade.settledAt + policy.timers.finalMs
    case 'verifying': {
      const since = targetSince(upgrade.attempt) ?? upgrade.attempt.offeredAt
      const { sentinelsBy, provenBy } = proofDeadlines(since, upgrade.attempt, policy)
      const passed = upgrade.attempt.clockAt ?? -Infinity
      return sentinelsBy > passed ? sentinelsBy : provenBy
    }
    case 'cancelling':
      return stageDeadline(upgrade.back, upgrade, upgrade.attempt, policy)
    case 'offered':
    case 'in_doubt':
    case 'accepted':
    case 'transferring':
    case 'returning':
      return stageDeadline(upgrade.state, upgrade, upgrade.attempt, policy)
  }
}
