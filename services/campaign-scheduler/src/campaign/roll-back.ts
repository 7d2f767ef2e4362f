import {
  type Campaign,
  type InputOf,
  type Policy,
  type Reply,
  answered,
  type campaignRollBack,
  refused,
} from '@sluice/contracts'
import { randomToken } from '@sluice/runtime'
import { afterCommit } from '../after-commit.ts'
import { inTransaction } from '../in-transaction.ts'
import type { Parts } from '../parts.ts'
import { type CampaignRow, lockCampaigns, openRollbackOf } from '../store/campaigns.ts'
import { nextMoved } from '../store/moved-devices.ts'
import { talliesOf } from '../store/tallies.ts'
import { announceCampaign, announceStops } from './announce.ts'
import { changeState } from './change-state.ts'
import { countersOf } from './counters.ts'
import { withoutNamedWaves } from './named-waves.ts'
import { type Origin, findWaysBack, givenWay } from './ways-back.ts'
import { planForAWhile, writeCampaign } from './write-campaign.ts'

type Input = InputOf<typeof campaignRollBack>

/**
 * Ends a campaign at once, and plans another one that takes the devices it moved back to what they ran. Where the
 * second half fails (nobody can say what there is to go back to) the first one stands, and it may be asked for again.
 */
export async function rollBackCampaign(parts: Parts, input: Input, traceparent?: string): Promise<Reply<Campaign>> {
  const stopped = await stopForGood(parts, input, traceparent)
  if (!stopped.ok) return stopped
  const campaign = stopped.data
  const { artifactId } = input
  const path =
    artifactId === undefined
      ? await findWaysBack(parts, await originsOf(parts, campaign.campaignId))
      : await givenWay(parts, artifactId)
  if (!path.ok) return path
  if (path.data.length === 0) {
    return refused(
      'not_found',
      'no device was moved for which there is a trusted and released artifact that reports where it came from',
    )
  }

  const campaignId = parts.ids.campaign()
  const row = {
    campaignId,
    name: `${campaign.name} (rolled back)`.slice(-128),
    path: path.data,
    targets: {},
    policy: policyBack(campaign.policy),
    seed: randomToken(16),
    dynamicEndsAt: null,
    rollbackOf: campaign.campaignId,
    approvalNeeded: ['rollback'] as const,
    createdAt: parts.clock.now(),
    createdBy: input.actor,
  }
  const { actor: _, campaignId: rollbackOf, ...asked } = input
  const other = await inTransaction(parts, async (tx) => {
    await lockCampaigns(tx, [rollbackOf])
    const open = await openRollbackOf(tx, rollbackOf)
    if (open === undefined) await writeCampaign(parts, tx, row, { ...asked, name: row.name, rollbackOf }, traceparent)
    return open
  })
  if (other !== undefined) return refused('campaign_state', `${other} takes its devices back already`)
  return planForAWhile(parts, campaignId)
}

async function stopForGood(
  parts: Parts,
  { campaignId, reason, actor }: Input,
  traceparent: string | undefined,
): Promise<Reply<CampaignRow>> {
  const stopped = await inTransaction(parts, async (tx): Promise<Reply<CampaignRow> & { readonly now?: true }> => {
    const [campaign] = await lockCampaigns(tx, [campaignId])
    if (campaign === undefined) return refused('not_found', `there is no campaign ${campaignId}`)
    if (campaign.state === 'planning' || campaign.state === 'ready') {
      return refused('campaign_state', `a campaign that is ${campaign.state} has moved nobody`)
    }
    if (campaign.rollbackOf !== null) return refused('campaign_state', 'it is a rollback itself')
    const other = await openRollbackOf(tx, campaignId)
    if (other !== undefined) return refused('campaign_state', `${other} takes its devices back already`)
    if (campaign.state === 'aborted' || campaign.state === 'finished') return answered(campaign)
    const counters = countersOf(await talliesOf(tx, [campaignId]))
    const why = reason ?? `rolled back by ${actor}`
    await changeState(parts, tx, campaign, { state: 'aborted', reason: why, actor, counters, traceparent })
    return { ...answered(campaign), now: true }
  })
  if ('now' in stopped) {
    parts.wakeSweeps()
    await afterCommit(parts.log, 'campaign.stops.failed', () => announceStops(parts))
    await afterCommit(parts.log, 'campaign.news.failed', () => announceCampaign(parts, campaignId))
  }
  return stopped
}

/** Which models a campaign moved from which versions. Page by page: one statement over a million devices takes too long. */
async function originsOf({ sql, settings }: Parts, campaignId: string): Promise<Origin[]> {
  const origins = new Map<string, Origin>()
  for (let after: string | null = ''; after !== null;) {
    const page: Awaited<ReturnType<typeof nextMoved>> = await nextMoved(sql, campaignId, after, settings.planPageSize)
    for (const { oui, productClass, hardwareVersion, fromVersion } of page.items) {
      const origin = { oui, productClass, hardwareVersion, fromVersion }
      origins.set(JSON.stringify(origin), origin)
    }
    after = page.next
  }
  return [...origins.values()]
}

/** The same rules the other way. */
function policyBack(policy: Policy): Policy {
  return { ...withoutNamedWaves(policy), allowDowngrade: true, allowSameVersion: false }
}
