import { type InputOf, type OutputOf, type Reply, answered, deviceKeyOf, type historyErase } from '@sluice/contracts'
import type { JournalRow, Queryable } from '@sluice/sql'
import { keepNextReport } from './campaign/keep-report.ts'
import { inTransaction } from './in-transaction.ts'
import { OURSELVES, type Parts } from './parts.ts'
import { forgetChanges, forgetChangesOf } from './store/device-changes.ts'
import {
  blankUpgrade,
  campaignsOfDevice,
  countUpgradesNotOver,
  deleteAround,
  deleteSignalsOf,
  deleteUpgrades,
  entriesOfCampaign,
  entriesOfDevice,
  entriesOfNobody,
  eventsAfter,
  findUnsealed,
  lockUpgradesOver,
  markDevicesErased,
  takeCampaignToForget,
} from './store/history.ts'

/**
 * Forgets one device, as somebody asked: entries about it leave their hashes, upgrades that are over still count and say
 * no longer whose they were. What is under way stays, and is told: it has to be asked for again when it is over.
 */
export async function eraseDevice(
  parts: Pick<Parts, 'sql' | 'journal' | 'clock' | 'settings' | 'metrics'>,
  { deviceKey, actor }: InputOf<typeof historyErase>,
): Promise<Reply<OutputOf<typeof historyErase>>> {
  const erasure = { at: parts.clock.now(), reason: `asked for by ${actor}` }
  const limit = parts.settings.sweepPageSize
  await sealWhatIs(parts)
  let entries = 0
  for (const campaignId of await campaignsOfDevice(parts.sql, deviceKey)) {
    for (let last: number | undefined = 0; last !== undefined;) {
      const after: number = last
      last = await inTransaction(parts, async (tx) => {
        const page = await eventsAfter(tx, campaignId, deviceKey, after, limit)
        const naming = page.flatMap(({ seq, isNaming }) => (isNaming ? [seq] : []))
        entries += await erasePage(parts, tx, naming, erasure, actor)
        return page.at(-1)?.seq
      })
    }
  }
  for (let page = limit; page === limit; entries += page) {
    page = await inTransaction(parts, async (tx) =>
      erasePage(parts, tx, await entriesOfDevice(tx, deviceKey, limit), erasure, actor),
    )
  }
  const upgrades = await inTransaction(parts, async (tx) => {
    const over = await lockUpgradesOver(tx, deviceKey)
    await deleteAround(tx, over)
    await deleteSignalsOf(tx, deviceKey)
    await forgetChangesOf(tx, deviceKey)
    for (const upgradeId of over) await blankUpgrade(tx, upgradeId, nobody(upgradeId))
    return over.length
  })
  return answered({ entries, upgrades, underWay: await countUpgradesNotOver(parts.sql, deviceKey) })
}

/** What was written last can be erased only once it is sealed. What is written meanwhile is not waited for: it never ends. */
async function sealWhatIs({ journal, sql }: Pick<Parts, 'journal' | 'sql'>): Promise<void> {
  const upTo = (await findUnsealed(sql))?.last ?? 0
  while (((await findUnsealed(sql))?.first ?? Infinity) <= upTo) await journal.seal(sql)
}

/** A key that no device has. */
const nobody = (upgradeId: string) => deviceKeyOf({ oui: '', productClass: 'erased', serialNumber: upgradeId })

/** No page of the inventory is in anybody's hands for so long. */
const CHANGES_KEPT_MS = 86_400_000

/** What is older than it may be, one page; true: there may be more. */
export async function forgetOld(parts: Parts): Promise<boolean> {
  const { historyKeepMs, sweepPageSize: limit } = parts.settings
  const at = parts.clock.now()
  const before = at - historyKeepMs
  const erasure = { at, reason: 'older than it is kept' }
  if (await keepNextReport(parts, before)) return true
  return inTransaction(parts, async (tx) => {
    const campaignId = await takeCampaignToForget(tx, before)
    if (campaignId === undefined) {
      const entries = await erasePage(parts, tx, await entriesOfNobody(tx, before, limit), erasure, OURSELVES)
      const changes = await forgetChanges(tx, at - CHANGES_KEPT_MS, limit)
      return entries === limit || changes === limit
    }
    const erased = await erasePage(parts, tx, await entriesOfCampaign(tx, campaignId, limit), erasure, OURSELVES)
    if (erased > 0) return true
    if ((await deleteUpgrades(tx, campaignId, limit)) < limit) await markDevicesErased(tx, campaignId, at)
    return true
  })
}

async function erasePage(
  parts: Pick<Parts, 'journal'>,
  tx: Queryable,
  seqs: readonly number[],
  erasure: { readonly at: number; readonly reason: string },
  actor: string,
): Promise<number> {
  const erased = await parts.journal.erase(tx, seqs, erasure)
  const byCampaign = Map.groupBy(erased, ({ campaignId }) => campaignId)
  await parts.journal.append(
    tx,
    [...byCampaign].flatMap(([campaignId, rows]) => {
      const data = { entries: rows.length, reason: erasure.reason, moves: sumOfMoves(rows) }
      const entry = { direction: 'note', at: erasure.at, actor, kind: 'history.erased', data } as const
      return campaignId === undefined ? [] : [{ ...entry, campaignId }]
    }),
  )
  return erased.length
}

/** What remains of upgrades that came and moved, and whose entries are gone: tallies are the fold of these as well. */
function sumOfMoves(rows: readonly JournalRow[]): { wave: number; state: string; countsAs: string; n: number }[] {
  const sums = new Map<string, { wave: number; state: string; countsAs: string; n: number }>()
  const add = (wave: number, state: string, countsAs: string, n: number) => {
    const key = `${wave} ${state} ${countsAs}`
    sums.set(key, { wave, state, countsAs, n: (sums.get(key)?.n ?? 0) + n })
  }
  for (const { kind, data } of rows) {
    // Who joined late, and next legs; all others are counted with the plan.
    if (kind === 'upgrade.planned') add((data as { wave: number }).wave, 'pending', 'pending', 1)
    if (kind !== 'upgrade.moved') continue
    const move = data as Record<'from' | 'to' | 'countedAs' | 'countsAs', string> & { wave: number }
    add(move.wave, move.from, move.countedAs, -1)
    add(move.wave, move.to, move.countsAs, 1)
  }
  return [...sums.values()].filter(({ n }) => n !== 0)
}
