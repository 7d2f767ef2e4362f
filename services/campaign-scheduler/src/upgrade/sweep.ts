import { asOwner } from '../ownership.ts'
import type { Parts } from '../parts.ts'
import { type CampaignRow, findCampaigns } from '../store/campaigns.ts'
import { type SweepRow, advanceSweep, endSweep, lockSweep, nextSweep, postponeSweep } from '../store/sweeps.ts'
import { lockNextUnsettled, lockNextWaiting } from '../store/upgrades.ts'
import { carryOut } from './carry-out.ts'
import { type Move, moveUpgrades } from './move.ts'
import { hintPage } from './open-wave.ts'
import type { Queryable } from '@sluice/sql'

/**
 * Does one page of one sweep of our campaigns; false when there is none. Killed anywhere, the page is done again or was
 * done. A sweep whose page fails rests for a while, so that it does not hold up the others.
 */
export async function sweepOnce(parts: Parts): Promise<boolean> {
  const now = parts.clock.now()
  const sweep = await nextSweep(parts.sql, parts.ownership.replica, now)
  if (sweep === undefined) return false
  try {
    const moves = await asOwner(parts, sweep.campaignId, async (tx) => {
      const current = await lockSweep(tx, sweep.sweepId)
      return current === undefined ? [] : sweepPage(parts, tx, current)
    })
    if (moves === undefined) return false
    parts.wakeRelay()
    await carryOut(parts, moves)
  } catch (error) {
    parts.log.error({ err: error, sweep }, 'campaign.sweep.failed')
    await postponeSweep(parts.sql, sweep.sweepId, now + parts.settings.sweepRestMs)
  }
  return true
}

async function sweepPage(parts: Parts, tx: Queryable, sweep: SweepRow): Promise<readonly Move[]> {
  const [campaign] = await findCampaigns(tx, [sweep.campaignId])
  const page = campaign === undefined ? { lastId: undefined, moves: [] } : await doPage(parts, tx, sweep, campaign)
  if (page.lastId === undefined) await endSweep(tx, sweep.sweepId)
  else await advanceSweep(tx, sweep.sweepId, page.lastId, parts.clock.now() + sweep.restMs)
  return page.moves
}

interface Page {
  readonly lastId: string | undefined
  readonly moves: readonly Move[]
}

async function doPage(parts: Parts, tx: Queryable, sweep: SweepRow, campaign: CampaignRow): Promise<Page> {
  if (sweep.kind === 'hint') return { lastId: await hintPage(parts, tx, sweep, campaign), moves: [] }
  const kind = sweep.kind === 'revoke' ? 'artifact_revoked' : 'cancel_requested'
  const lockNext = sweep.kind === 'close' ? lockNextWaiting : lockNextUnsettled
  const rows = await lockNext(tx, sweep.campaignId, sweep.afterId, parts.settings.sweepPageSize)
  const at = parts.clock.now()
  const facts = rows.map(({ upgradeId }) => ({
    upgradeId,
    actor: sweep.actor,
    fact: { id: parts.ids.observation(), at, kind } as const,
  }))
  const moves = await moveUpgrades(parts, tx, rows, new Map([[campaign.campaignId, campaign]]), facts)
  return { lastId: rows.at(-1)?.upgradeId, moves }
}
