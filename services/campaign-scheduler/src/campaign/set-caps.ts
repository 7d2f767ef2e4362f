import { type Campaign, type InputOf, type Reply, answered, type campaignSetCaps, refused } from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'
import { afterCommit } from '../after-commit.ts'
import { inTransaction } from '../in-transaction.ts'
import type { Parts } from '../parts.ts'
import { type CampaignRow, type CampaignState, lockCampaigns, writeCaps } from '../store/campaigns.ts'
import { talliesOf } from '../store/tallies.ts'
import { announceCampaign } from './announce.ts'
import { changedCaps, changesIn, isRaised } from './changed-caps.ts'
import { countersOf, toWire } from './counters.ts'
import { readCampaign } from './read.ts'

type Input = InputOf<typeof campaignSetCaps>

const CHANGEABLE: readonly CampaignState[] = ['ready', 'running', 'paused']

/**
 * Gives a campaign other caps. Claims lock the campaign as this does: those before it went by the old ones, those after
 * it by the new ones. A lowered cap stops nobody who is under way; nobody is added until there are fewer. Devices that a
 * full cap sent away ask again within the minute as it is, so nobody is hinted.
 */
export async function setCaps(parts: Parts, input: Input, traceparent?: string): Promise<Reply<Campaign>> {
  const { campaignId } = input
  const reply = await inTransaction(parts, async (tx): Promise<Reply<Campaign>> => {
    const [campaign] = await lockCampaigns(tx, [campaignId])
    if (campaign === undefined) return refused('not_found', `there is no campaign ${campaignId}`)
    if (!CHANGEABLE.includes(campaign.state)) {
      return refused('campaign_state', `the caps of a campaign that is ${campaign.state} cannot change`)
    }
    return (await change(parts, tx, campaign, input, traceparent)) ?? answered(await readCampaign(tx, campaignId))
  })
  if (!reply.ok) return reply
  await afterCommit(parts.log, 'campaign.news.failed', () => announceCampaign(parts, campaignId))
  return reply
}

async function change(
  parts: Parts,
  tx: Queryable,
  campaign: CampaignRow,
  { caps: asked, reason, actor }: Input,
  traceparent: string | undefined,
): Promise<Reply<never> | undefined> {
  const { campaignId, approvedBy, createdBy } = campaign
  const { caps: from } = campaign.policy
  const to = changedCaps(from, asked)
  if (isRaised(from, to) && approvedBy !== null && actor === createdBy) {
    return refused(
      'forbidden',
      `${approvedBy} approved lower caps: another person than who created it has to raise them`,
    )
  }
  const at = parts.clock.now()
  await writeCaps(tx, campaignId, to, at)
  const counters = toWire(countersOf(await talliesOf(tx, [campaignId])))
  await parts.journal.append(tx, [
    {
      direction: 'note',
      at,
      actor,
      kind: 'campaign.caps_set',
      campaignId,
      traceparent,
      data: { from, to, changed: changesIn(from, to), reason: reason ?? null, counters },
    },
  ])
  return undefined
}
