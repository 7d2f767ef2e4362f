import { pageOf } from '@sluice/bus'
import { type Campaign, type CampaignReport, STAGES } from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'
import { toTime } from '../parts.ts'
import {
  type ActRow,
  type Extent,
  gatherFacts,
  readActs,
  readExtent,
  readFailures,
  readOutcomes,
  readStages,
  readVersionSteps,
} from '../store/report-facts.ts'
import { reasonOfOutcome } from '../upgrade/read.ts'
import { versionsOverTime } from './versions-over-time.ts'

const MOST_GROUPS = 200
const MOST_ACTS = 1_000
const BUCKETS = 60

/** What came of a campaign, from its upgrades and the journal. */
export async function writeReport(tx: Queryable, campaign: Campaign, now: number): Promise<CampaignReport> {
  const { campaignId, counters, state } = campaign
  await gatherFacts(tx, campaignId)
  const extent = await readExtent(tx)
  const outcomes = await readOutcomes(tx, MOST_GROUPS + 1)
  const failures = await readFailures(tx, MOST_GROUPS + 1)
  const acts = await readActs(tx, campaignId, MOST_ACTS + 1)
  const over = state === 'finished' || state === 'aborted'
  const report = {
    generatedAt: toTime(now),
    settled: over && counters.inFlight + counters.unproven === 0,
    campaign,
    firstOfferAt: timeOrNull(extent.firstOfferAt),
    lastMoveAt: timeOrNull(extent.lastMoveAt),
    attempts: extent.attempts,
    funnel: funnelOf(extent),
    outcomes: outcomes.slice(0, MOST_GROUPS).map(({ outcome, ...group }) => ({ ...group, reason: wordOf(outcome) })),
    failures: failures.slice(0, MOST_GROUPS).map(({ outcome, ...group }) => ({ ...group, reason: wordOf(outcome) })),
    versions: await versions(tx, extent, now),
    stages: await stages(tx),
  }
  // A campaign of many names leaves less room.
  const told = pageOf(acts.map(toAct), MOST_ACTS, Buffer.byteLength(JSON.stringify(report)))
  return {
    ...report,
    acts: told,
    truncated: [
      ...(outcomes.length > MOST_GROUPS ? ['outcomes'] : []),
      ...(failures.length > MOST_GROUPS ? ['failures'] : []),
      ...(acts.length > told.length ? ['acts'] : []),
    ],
  }
}

function funnelOf({ planned, offered, accepted, fetched, returned, verified }: Extent): CampaignReport['funnel'] {
  return { planned, offered, accepted, fetched, returned, verified }
}

/** Why, as in the upgrade itself; where to it went back is left out: it may be anything. */
function wordOf(outcome: Parameters<typeof reasonOfOutcome>[0]): string {
  return outcome.kind === 'regressed' ? 'left_the_target_later' : reasonOfOutcome(outcome)
}

async function versions(tx: Queryable, extent: Extent, now: number): Promise<CampaignReport['versions']> {
  const from = extent.firstOfferAt ?? now
  const to = Math.max(from + BUCKETS, extent.lastMoveAt ?? now)
  return versionsOverTime(await readVersionSteps(tx, from, to, BUCKETS), { from, to, buckets: BUCKETS })
}

async function stages(tx: Queryable): Promise<CampaignReport['stages']> {
  const rows = await readStages(tx)
  return STAGES.flatMap((stage) => {
    const row = rows.find((one) => one.stage === stage)
    if (row === undefined) return []
    const [p50Ms, p90Ms, p99Ms] = row.percentiles
    return [{ stage, upgrades: row.upgrades, p50Ms, p90Ms, p99Ms }]
  })
}

const toAct = ({ at, ...act }: ActRow): CampaignReport['acts'][number] => ({ ...act, at: toTime(at) })

const timeOrNull = (ms: number | null): string | null => (ms === null ? null : toTime(ms))
