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
  // An upgrade stands for up to two placements: a watch, and a hint, a check or a cancel.
  const rowLimit = Math.max(1, Math.floor(limit / 2))
  const rows = await listPlaceable(parts.sql, cursor ?? '', rowLimit + 1)
  const page = rows.slice(0, rowLimit)
  const campaigns = await findCampaigns(parts.sql, [...new Set(page.map((row) => row.campaignId))])
  const byId = new Map(campaigns.map((campaign) => [campaign.campaignId, campaign]))
  const items = page.flatMap((row) => standing(row, byId.get(row.campaignId)!))
  return answered({ items, next: rows.length > rowLimit ? (page.at(-1)?.upgradeId ?? null) : null })
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
