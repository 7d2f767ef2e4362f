import type { IncomingEvent } from '@sluice/bus'
import { type DataOf, artifactRevoked, releaseRevoked } from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'
import { afterCommit } from '../after-commit.ts'
import { inTransaction } from '../in-transaction.ts'
import type { Parts } from '../parts.ts'
import { campaignsOfArtifact, campaignsOfRelease, lockCampaigns } from '../store/campaigns.ts'
import { insertRevokedRelease } from '../store/releases.ts'
import { insertRevoked } from '../store/revoked-artifacts.ts'
import { insertSweep } from '../store/sweeps.ts'
import { talliesOf } from '../store/tallies.ts'
import { announceCampaign, announceStops } from './announce.ts'
import { changeState } from './change-state.ts'
import { countersOf } from './counters.ts'

interface Withdrawal {
  readonly reason: string
  readonly actor: string
}

/** What was withdrawn: remembered for good, and which campaigns go by it. */
interface Withdrawn<Data extends Withdrawal> {
  readonly what: string
  remember(tx: Queryable, data: Data, at: number): Promise<void>
  campaigns(tx: Queryable, data: Data): Promise<{ campaignId: string }[]>
}

const ARTIFACT: Withdrawn<DataOf<typeof artifactRevoked>> = {
  what: 'artifact',
  remember: (tx, { artifactId, reason }, at) => insertRevoked(tx, artifactId, reason, at),
  campaigns: (tx, { artifactId }) => campaignsOfArtifact(tx, artifactId),
}

const RELEASE: Withdrawn<DataOf<typeof releaseRevoked>> = {
  what: 'release',
  remember: (tx, { releaseId, reason }, at) => insertRevokedRelease(tx, releaseId, reason, at),
  campaigns: (tx, { releaseId }) => campaignsOfRelease(tx, releaseId),
}

/** Trust in artifacts was withdrawn: their campaigns end, and what runs is asked to stop. */
export function endRevoked(
  parts: Parts,
  batch: readonly IncomingEvent<DataOf<typeof artifactRevoked>>[],
): Promise<void> {
  return endAll(parts, batch, ARTIFACT)
}

/** Nobody vouches for the releases any more: what rests on them ends in the same way. */
export function endUnreleased(
  parts: Parts,
  batch: readonly IncomingEvent<DataOf<typeof releaseRevoked>>[],
): Promise<void> {
  return endAll(parts, batch, RELEASE)
}

async function endAll<Data extends Withdrawal>(
  parts: Parts,
  batch: readonly IncomingEvent<Data>[],
  withdrawn: Withdrawn<Data>,
): Promise<void> {
  const ended: string[] = []
  for (const event of batch) {
    ended.push(...(await inTransaction(parts, (tx) => endCampaignsOf(parts, tx, event, withdrawn))))
  }
  parts.wakeSweeps()
  await afterCommit(parts.log, 'campaign.stops.failed', () => announceStops(parts))
  await afterCommit(parts.log, 'campaign.news.failed', async () => {
    for (const campaignId of ended) await announceCampaign(parts, campaignId)
  })
}

async function endCampaignsOf<Data extends Withdrawal>(
  parts: Parts,
  tx: Queryable,
  { id, name: kind, traceparent, data }: IncomingEvent<Data>,
  { what, remember, campaigns }: Withdrawn<Data>,
): Promise<string[]> {
  const { reason, actor } = data
  const at = parts.clock.now()
  if ((await parts.journal.acceptNew(tx, [{ id, at, actor, kind, traceparent, data }])).size === 0) return []
  // Before campaigns are looked for: whoever lets one run meanwhile has to wait, or is waited for (`holdRevocations`).
  await remember(tx, data, at)
  const ids = (await campaigns(tx, data)).map(({ campaignId }) => campaignId)
  const ended: string[] = []
  for (const campaign of await lockCampaigns(tx, ids)) {
    const { campaignId } = campaign
    await insertSweep(tx, { sweepId: parts.ids.event(), kind: 'revoke', campaignId, wave: null, reason, actor })
    if (campaign.state === 'aborted' || campaign.state === 'finished') continue
    const counters = countersOf(await talliesOf(tx, [campaignId]))
    const why = `the ${what} was revoked: ${reason}`
    await changeState(parts, tx, campaign, { state: 'aborted', reason: why, actor, counters, traceparent })
    ended.push(campaignId)
  }
  return ended
}
