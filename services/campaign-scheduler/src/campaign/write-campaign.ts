import type { Campaign, Reply } from '@sluice/contracts'
import { answered } from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'
import type { Parts } from '../parts.ts'
import { type NewCampaign, insertCampaign } from '../store/campaigns.ts'
import { insertWaves } from '../store/waves.ts'
import { readCampaign } from './read.ts'

/** Writes a campaign down, ours to plan, with what the journal is to keep of how it was asked for. */
export async function writeCampaign(
  parts: Parts,
  tx: Queryable,
  row: NewCampaign,
  asked: object,
  traceparent: string | undefined,
): Promise<void> {
  const { campaignId, policy, createdAt: at, createdBy: actor } = row
  await parts.ownership.adopt(tx, campaignId)
  await insertCampaign(tx, row)
  await insertWaves(
    tx,
    campaignId,
    policy.waves.map(({ advance }) => (typeof advance === 'string' ? advance : 'auto')),
  )
  await parts.journal.append(tx, [
    {
      direction: 'note',
      at,
      actor,
      kind: 'campaign.created',
      campaignId,
      traceparent,
      data: { ...asked, policy, approvalNeeded: row.approvalNeeded },
    },
  ])
}

/** Waits for the plan, but not beyond what the asker has patience for: it goes on in any case. */
export async function planForAWhile(parts: Parts, campaignId: string): Promise<Reply<Campaign>> {
  const patience = Promise.withResolvers<void>()
  const cancel = parts.clock.after(parts.settings.planReplyMs, patience.resolve)
  await Promise.race([parts.planner.plan(campaignId), patience.promise])
  cancel()
  return answered(await readCampaign(parts.sql, campaignId))
}
