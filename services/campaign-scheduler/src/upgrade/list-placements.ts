import {
  type InputOf,
  type OutputOf,
  type Placement,
  type Reply,
  answered,
  type placementList,
} from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { type CampaignRow, findCampaigns } from '../store/campaigns.ts'
import { type UpgradeRow, listPlaceable } from '../store/upgrades.ts'
import { hint } from './placements.ts'
import { watchOf } from './watch.ts'

/** Everything that gateways should remember, page by page: they may have lost it all. */
export async function listPlacements(
  parts: Parts,
  { cursor, limit }: InputOf<typeof placementList>,
): Promise<Reply<OutputOf<typeof placementList>>> {
  const rows = await listPlaceable(parts.sql, cursor ?? '', limit + 1)
  const campaigns = await findCampaigns(parts.sql, [...new Set(rows.map((row) => row.campaignId))])
  const byId = new Map(campaigns.map((campaign) => [campaign.campaignId, campaign]))
  const items: Placement[] = []
  let last: UpgradeRow | undefined
  for (const row of rows) {
    // What an upgrade stands for (a watch, and a hint, a check or a cancel) stays together, on a page of its own if need be.
    const more = standing(row, byId.get(row.campaignId)!)
    const isFull = items.length > 0 && items.length + more.length > limit
    if (isFull || row === rows[limit]) return answered({ items, next: last?.upgradeId ?? null })
    items.push(...more)
    last = row
  }
  return answered({ items, next: null })
}

function standing(row: UpgradeRow, campaign: CampaignRow): Placement[] {
  const { deviceKey, machine, version: revision } = row
  const watch = watchOf(row, campaign)
  const watches: Placement[] = watch === undefined ? [] : [{ op: 'put_watch', deviceKey, watch }]
  switch (machine.state) {
    case 'pending':
      return [hint(row, campaign, null)]
    case 'retry':
      return [...watches, hint(row, campaign, machine.retryAt)]
    case 'cancelling':
      return [
        ...watches,
        { op: 'put_task', deviceKey, task: { kind: 'cancel', taskId: machine.attempt.attemptId, revision } },
      ]
    case 'in_doubt':
      if (machine.attempt.queueUnsupported) return watches
      return [
        ...watches,
        { op: 'put_task', deviceKey, task: { kind: 'check', taskId: machine.attempt.attemptId, revision } },
      ]
    case 'offered':
    case 'accepted':
    case 'transferring':
    case 'returning':
    case 'verifying':
    case 'settled':
      return watches
  }
}
