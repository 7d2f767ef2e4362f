import { pageOf } from '@sluice/bus'
import { type CampaignReport, type Reply, STAGES, answered } from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'
import { type Parts, toTime } from '../parts.ts'
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
import { getCampaign } from './read.ts'
import { createTurns } from './turns.ts'
import { versionsOverTime } from './versions-over-time.ts'

const MOST_GROUPS = 200
const MOST_ACTS = 1_000
const BUCKETS = 60
/** Asked while others are being written; more than these are told to come again. */
const MOST_WAITING = 8

export type Reporter = (campaignId: string) => Promise<Reply<CampaignReport>>

/** Writes reports one after the other: each of a large campaign takes seconds of the database. Who asks for the same gets the same. */
export function createReporter(parts: Parts): Reporter {
  const underWay = new Map<string, Promise<Reply<CampaignReport>>>()
  const inTurn = createTurns('reports', { atOnce: 1, most: MOST_WAITING })
  return (campaignId) => {
    const same = underWay.get(campaignId)
    if (same !== undefined) return same
    const report = inTurn(() => reportCampaign(parts, campaignId)).finally(() => underWay.delete(campaignId))
    underWay.set(campaignId, report)
    return report
  }
}

/** All of it of one moment, however much moves meanwhile. */
function reportCampaign(parts: Parts, campaignId: string): Promise<Reply<CampaignReport>> {
  return parts.sql.transaction(async (tx): Promise<Reply<CampaignReport>> => {
    await tx.query('set transaction isolation level repeatable read')
    const campaign = await getCampaign(tx, campaignId)
    if (!campaign.ok) return campaign
    await gatherFacts(tx, campaignId)
    const extent = await readExtent(tx)
    const outcomes = await readOutcomes(tx, MOST_GROUPS + 1)
    const failures = await readFailures(tx, MOST_GROUPS + 1)
    const acts = await readActs(tx, campaignId, MOST_ACTS + 1)
    const now = parts.clock.now()
    const { counters, state } = campaign.data
    const over = state === 'finished' || state === 'aborted'
    const report = {
      generatedAt: toTime(now),
      settled: over && counters.inFlight + counters.unproven === 0,
      campaign: campaign.data,
      firstOfferAt: timeOrNull(extent.firstOfferAt),
      lastMoveAt: timeOrNull(extent.lastMoveAt),
      attempts: extent.attempts,
      funnel: funnelOf(extent),
      outcomes: outcomes.slice(0, MOST_GROUPS).map(({ outcome, ...group }) => ({
        ...group,
        reason: wordOf(outcome),
      })),
      failures: failures.slice(0, MOST_GROUPS).map(({ outcome, ...group }) => ({ ...group, reason: wordOf(outcome) })),
      versions: await versions(tx, extent, now),
      stages: await stages(tx),
    }
    // A campaign of many names leaves less room.
    const told = pageOf(acts.map(toAct), MOST_ACTS, Buffer.byteLength(JSON.stringify(report)))
    return answered({
      ...report,
      acts: told,
      truncated: [
        ...(outcomes.length > MOST_GROUPS ? ['outcomes'] : []),
        ...(failures.length > MOST_GROUPS ? ['failures'] : []),
        ...(acts.length > told.length ? ['acts'] : []),
      ],
    })
  })
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
