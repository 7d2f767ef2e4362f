import type { IncomingEvent } from '@sluice/bus'
import { type DataOf, deviceChanged } from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'
import { inTransaction } from '../in-transaction.ts'
import { OURSELVES, type Parts } from '../parts.ts'
import { lockCampaigns } from '../store/campaigns.ts'
import { type DeviceChange, keepChanges, waitForTakingIn } from '../store/device-changes.ts'
import { addToSiteUse } from '../store/site-use.ts'
import { type UpgradeRow, lockUnsettledOf, moveToPlaces } from '../store/upgrades.ts'
import { carryOut } from './carry-out.ts'
import { type Move, moveUpgrades, siteDeltasOf } from './move.ts'

type Changed = IncomingEvent<DataOf<typeof deviceChanged>>

/**
 * Devices that were moved take their upgrades along; of those that were removed, what has not begun is skipped, and what
 * is under way runs on by its timers. What is in the hands of a plan has no upgrade yet: for it the change is kept, and that
 * is committed before anybody looks for upgrades.
 */
export async function followDevices(parts: Parts, batch: readonly Changed[]): Promise<void> {
  const at = parts.clock.now()
  await inTransaction(parts, async (tx) => {
    if (await waitForTakingIn(tx)) await keepChanges(tx, [...lastWords(batch).values()], at)
  })
  const moves = await inTransaction(parts, (tx) => followInOne(parts, tx, batch))
  await carryOut(parts, moves)
}

/** On each device. */
function lastWords(batch: readonly Changed[]): ReadonlyMap<string, DeviceChange> {
  return new Map(batch.flatMap(({ data }) => data.items.map((item) => [item.deviceKey, item] as const)))
}

async function followInOne(parts: Parts, tx: Queryable, batch: readonly Changed[]): Promise<readonly Move[]> {
  const at = parts.clock.now()
  const messages = batch.map(({ id, traceparent, data }) => {
    // It is there to be counted once: a row that names devices and belongs to none would be forgotten with none.
    return { id, at, actor: OURSELVES, kind: deviceChanged.name, traceparent, data: { items: data.items.length } }
  })
  const isNew = await parts.journal.acceptNew(tx, messages)
  const changes = lastWords(batch.filter(({ id }) => isNew.has(id)))
  const rows = await lockUnsettledOf(tx, [...changes.keys()])
  const gone = rows.filter((row) => changes.get(row.deviceKey)?.kind === 'removed' && row.countsAs === 'pending')
  const campaigns = await lockCampaigns(tx, [...new Set(gone.map(({ campaignId }) => campaignId))])
  const facts = gone.map(({ upgradeId }) => ({
    upgradeId,
    actor: OURSELVES,
    fact: { id: parts.ids.observation(), at, kind: 'withdrawn', reason: 'skipped', detail: 'device_gone' } as const,
  }))
  const moves = await moveUpgrades(parts, tx, gone, new Map(campaigns.map((one) => [one.campaignId, one])), facts)
  // In the order of everybody: sites after campaigns and tallies. What is gone had nothing under way at any site.
  await follow(tx, rows, changes)
  return moves
}

/** Work under way counts at the site where the device is now. */
async function follow(
  tx: Queryable,
  rows: readonly UpgradeRow[],
  changes: ReadonlyMap<string, DeviceChange>,
): Promise<void> {
  const moved = rows.flatMap((before) => {
    const change = changes.get(before.deviceKey)
    return change?.kind === 'moved' ? [{ before, after: { ...before, site: change.site, zone: change.zone } }] : []
  })
  await moveToPlaces(
    tx,
    moved.map(({ after }) => after),
  )
  await addToSiteUse(tx, moved.flatMap(siteDeltasOf))
}
