import type { IncomingEvent } from '@sluice/bus'
import { type DataOf, artifactRevoked } from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'
import { afterCommit } from '../after-commit.ts'
import { inTransaction } from '../in-transaction.ts'
import type { Parts } from '../parts.ts'
import { campaignsOfArtifact, lockCampaigns } from '../store/campaigns.ts'
import { insertRevoked } from '../store/revoked-artifacts.ts'
import { insertSweep } from '../store/sweeps.ts'
import { talliesOf } from '../store/tallies.ts'
import { announceCampaign, announceStops } from './announce.ts'
import { changeState } from './change-state.ts'
import { countersOf } from './counters.ts'

type Revoked = IncomingEvent<DataOf<typeof artifactRevoked>>

/** Trust in artifacts was withdrawn: their campaigns end, and what runs is asked to stop. */
export async function endRevoked(parts: Parts, batch: readonly Revoked[]): Promise<void> {
  const ended: string[] = []
  for (const event of batch) ended.push(...(await inTransaction(parts, (tx) => endCampaignsOf(parts, tx, event))))
  parts.wakeSweeps()
  await afterCommit(parts.log, 'campaign.stops.failed', () => announceStops(parts))
  await afterCommit(parts.log, 'campaign.news.failed', async () => {
    for (const campaignId of ended) await announceCampaign(parts, campaignId)
  })
}

async function endCampaignsOf(parts: Parts, tx: Queryable, event: Revoked): Promise<string[]> {
  const { artifactId, reason, actor } = event.data
  const at = parts.clock.now()
  const { id, traceparent } = event
  const entry = { id, at, actor, kind: artifactRevoked.name, traceparent, data: event.data }
  if ((await parts.journal.acceptNew(tx, [entry])).size === 0) return []
  await insertRevoked(tx, artifactId, reason, at)

  const ids = (await campaignsOfArtifact(tx, artifactId)).map(({ campaignId }) => campaignId)
  const ended: string[] = []
  for (const campaign of await lockCampaigns(tx, ids)) {
    const { campaignId } = campaign
    await insertSweep(tx, { sweepId: parts.ids.event(), kind: 'revoke', campaignId, wave: null, reason, actor })
    if (campaign.state === 'aborted' || campaign.state === 'finished') continue
    const counters = countersOf(await talliesOf(tx, [campaignId]))
    const why = `the artifact was revoked: ${reason}`
    await changeState(parts, tx, campaign, { state: 'aborted', reason: why, actor, counters, traceparent })
    ended.push(campaignId)
  }
  return ended
}
