import { upgradeTraceparent } from '@sluice/contracts'
import { excuse } from '@sluice/rollout'
import type { JournalEntry, Queryable } from '@sluice/sql'
import { rolloutPolicy } from '../campaign/complete-policy.ts'
import { inTransaction } from '../in-transaction.ts'
import { OURSELVES, type Parts, toTime } from '../parts.ts'
import { type CampaignRow, findCampaigns } from '../store/campaigns.ts'
import { type OutageRow, advanceOutage, endOutage, takeOutage } from '../store/outages.ts'
import { type UpgradeRow, lockNextExcusable, saveUpgrades } from '../store/upgrades.ts'
import { placementEvents, placementsFor } from '../upgrade/placements.ts'

/** The timers of all that was under way stood still while we were away. Killed anywhere, it goes on where it stood. */
export async function excuseOutages(parts: Parts, afterPage: () => Promise<void> = async () => {}): Promise<void> {
  while (await inTransaction(parts, (tx) => excusePage(parts, tx))) await afterPage()
  parts.wakeRelay()
}

/** One page of one outage; false when there is none that is free. */
async function excusePage(parts: Parts, tx: Queryable): Promise<boolean> {
  const outage = await takeOutage(tx)
  if (outage === undefined) return false
  const rows = await lockNextExcusable(tx, outage.afterId, parts.settings.duePageSize)
  const last = rows.at(-1)
  if (last === undefined) await endOutage(tx, outage.outageId)
  else await advanceOutage(tx, outage.outageId, last.upgradeId)

  const found = await findCampaigns(tx, [...new Set(rows.map((row) => row.campaignId))])
  const campaigns = new Map(found.map((campaign) => [campaign.campaignId, campaign]))
  const excused = rows.flatMap((before) => {
    const campaign = campaigns.get(before.campaignId)!
    const after = excuseOne(parts, before, outage, campaign)
    return after === before ? [] : [{ before, after, campaign }]
  })
  await saveUpgrades(tx, excused)
  const at = parts.clock.now()
  const placements = excused.flatMap(({ before, after, campaign }) =>
    placementsFor(before, after, [], campaign).map((item) => ({ campaignId: campaign.campaignId, item })),
  )
  await parts.journal.append(tx, [
    ...excused.map(({ after }) => note(after, outage, at)),
    ...placementEvents(parts, placements, at),
  ])
  return true
}

/** One that the machine chokes on stays as it is: time stands still for all until everybody is excused. */
function excuseOne(parts: Parts, before: UpgradeRow, { from, to }: OutageRow, campaign: CampaignRow): UpgradeRow {
  try {
    const machine = excuse(before.machine, { from, to }, rolloutPolicy(campaign.policy))
    if (machine === before.machine) return before
    if (machine.state !== before.machine.state) throw new Error('an excuse moved an upgrade')
    const { returningAt } = before
    // What it is measured by whether it is overdue stands still too.
    const awayMs = returningAt === null ? 0 : Math.max(0, to - Math.max(from, returningAt))
    return {
      ...before,
      machine,
      version: machine.version,
      dueAt: machine.dueAt,
      returningAt: returningAt === null ? null : returningAt + awayMs,
    }
  } catch (error) {
    parts.log.error({ err: error, upgrade_id: before.upgradeId }, 'upgrade.excuse.poison')
    return before
  }
}

function note(row: UpgradeRow, { from, to }: OutageRow, at: number): JournalEntry {
  const { campaignId, upgradeId, deviceKey, dueAt } = row
  return {
    direction: 'note',
    at,
    actor: OURSELVES,
    kind: 'upgrade.excused',
    campaignId,
    upgradeId,
    attemptId: row.attemptId ?? undefined,
    deviceKey,
    traceparent: upgradeTraceparent(upgradeId),
    data: { from: toTime(from), to: toTime(to), dueAt: dueAt === null ? null : toTime(dueAt) },
  }
}
