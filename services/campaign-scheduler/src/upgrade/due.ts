import { inTransaction } from '../in-transaction.ts'
import { OURSELVES, type Parts } from '../parts.ts'
import { findCampaigns } from '../store/campaigns.ts'
import { lockDueUpgrades, postponeUpgrades } from '../store/upgrades.ts'
import { carryOut } from './carry-out.ts'
import { moveUpgrades } from './move.ts'

/** Tells upgrades whose time has come that it has; false when there were none that nobody else holds. */
export async function passTime(parts: Parts): Promise<boolean> {
  const at = parts.pulse.aliveAt()
  const moves = await inTransaction(parts, async (tx) => {
    const rows = await lockDueUpgrades(tx, at, parts.settings.duePageSize)
    const campaigns = await findCampaigns(tx, [...new Set(rows.map((row) => row.campaignId))])
    const facts = rows.map(({ upgradeId }) => ({
      upgradeId,
      actor: OURSELVES,
      fact: { id: parts.ids.observation(), at, kind: 'time_passed' } as const,
    }))
    const moved = await moveUpgrades(parts, tx, rows, new Map(campaigns.map((one) => [one.campaignId, one])), facts)
    // One that time does not move would be due for ever, and would be told so with every tick.
    const stuck = moved.filter(({ ignored }) => ignored !== null).map(({ after }) => after.upgradeId)
    await postponeUpgrades(tx, stuck, at + parts.settings.askAgainMs)
    return moved
  })
  await carryOut(parts, moves)
  return moves.length === parts.settings.duePageSize
}
