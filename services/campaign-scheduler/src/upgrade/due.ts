import { inTransaction } from '../in-transaction.ts'
import { OURSELVES, type Parts } from '../parts.ts'
import { findCampaigns } from '../store/campaigns.ts'
import { lockDueUpgrades } from '../store/upgrades.ts'
import { carryOut } from './carry-out.ts'
import { moveUpgrades } from './move.ts'

/** Tells upgrades whose time has come that it has; false when there were none that nobody else holds. */
export async function passTime(parts: Parts): Promise<boolean> {
  const at = parts.clock.now()
  const moves = await inTransaction(parts, async (tx) => {
    const rows = await lockDueUpgrades(tx, at, parts.settings.duePageSize)
    const campaigns = await findCampaigns(tx, [...new Set(rows.map((row) => row.campaignId))])
    const facts = rows.map(({ upgradeId }) => ({
      upgradeId,
      actor: OURSELVES,
      fact: { id: parts.ids.observation(), at, kind: 'time_passed' } as const,
    }))
    return moveUpgrades(parts, tx, rows, new Map(campaigns.map((one) => [one.campaignId, one])), facts)
  })
  await carryOut(parts, moves)
  // Those that time did not move are still due: looking again at once would turn in circles.
  return moves.length === parts.settings.duePageSize && moves.every(({ ignored }) => ignored === null)
}
