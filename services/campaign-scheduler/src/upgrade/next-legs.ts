import { upgradeTraceparent } from '@sluice/contracts'
import { isSteppingStoneReached } from '@sluice/rollout'
import type { JournalEntry, Queryable } from '@sluice/sql'
import { OURSELVES, type Parts } from '../parts.ts'
import { type CampaignRow, growCampaign, linesOf, lockCampaigns } from '../store/campaigns.ts'
import { type NextLeg, insertNextLegs } from '../store/next-legs.ts'
import { countersOfLines } from '../store/releases.ts'
import type { TallyDelta } from '../store/tallies.ts'
import type { UpgradeRow } from '../store/upgrades.ts'
import { growByLegs } from '../store/waves.ts'
import { legAtClaim } from './leg-at-claim.ts'

/** A move of one upgrade, all facts of a batch together. */
interface Changed {
  readonly before: UpgradeRow
  readonly after: UpgradeRow
}

export interface NextLegs {
  /** The upgrades that were planned; who has its next leg already is not among them. */
  readonly planned: readonly NextLeg[]
  readonly deltas: readonly TallyDelta[]
  readonly entries: readonly JournalEntry[]
}

/** A device that is thrown back to where it began may begin again, but not for ever. */
const mostLegs = (path: CampaignRow['path']): number => 2 * path.length

const NOTHING: NextLegs = { planned: [], deltas: [], entries: [] }

/**
 * Devices that have reached a stepping stone go on: each gets an upgrade of its own for the next leg, in the same wave,
 * with the move that says so. Campaigns that are over plan nothing more. Locks them, after the upgrades.
 */
export async function planNextLegs(
  parts: Pick<Parts, 'ids'>,
  tx: Queryable,
  changed: readonly Changed[],
  campaignsSeen: ReadonlyMap<string, CampaignRow>,
  at: number,
): Promise<NextLegs> {
  const reached = changed.filter(({ before, after }) => {
    const { configLossDeclared } = campaignsSeen.get(after.campaignId)!.policy
    const isThere = ({ machine }: UpgradeRow) => isSteppingStoneReached(machine, configLossDeclared)
    return isThere(after) && !isThere(before)
  })
  if (reached.length === 0) return NOTHING
  const campaigns = await lockCampaigns(tx, [...new Set(reached.map(({ after }) => after.campaignId))])
  const running = new Map(campaigns.filter(isUnderWay).map((campaign) => [campaign.campaignId, campaign]))

  const lines = campaigns.flatMap(({ path }) => linesOf(path))
  const reported = reached.flatMap(({ after }) => after.reportedVersion ?? [])
  const counters = await countersOfLines(tx, lines, reported)

  const wanted: NextLeg[] = []
  const entries: JournalEntry[] = []
  for (const { after } of reached) {
    const campaign = running.get(after.campaignId)
    if (campaign === undefined) continue
    const leg = legAtClaim(after, campaign, { ...after, softwareVersion: after.reportedVersion }, counters)
    if (leg.kind === 'leg' && after.leg < mostLegs(campaign.path)) {
      wanted.push(nextLeg(parts, after, leg.release.artifactId, at))
    } else {
      const reason = leg.kind === 'none' ? leg.reason : 'too_many_legs'
      entries.push(entryOf(after, 'upgrade.way_ended', at, { wave: after.wave, leg: after.leg, reason }))
    }
  }
  const inserted = await insertNextLegs(tx, wanted)
  const planned = wanted.filter(({ upgradeId }) => inserted.has(upgradeId))
  await makeRoom(tx, planned)
  return {
    planned,
    deltas: planned.map(({ campaignId, wave }) => ({ campaignId, wave, state: 'pending', countsAs: 'pending', n: 1 })),
    entries: [
      ...entries,
      ...planned.map((row) => entryOf(row, 'upgrade.planned', at, { wave: row.wave, leg: row.leg })),
    ],
  }
}

const isUnderWay = ({ state }: CampaignRow): boolean => state === 'running' || state === 'paused'

function nextLeg(parts: Pick<Parts, 'ids'>, done: UpgradeRow, artifactId: string, at: number): NextLeg {
  const { machine: _, ...place } = done
  return {
    ...place,
    upgradeId: parts.ids.upgrade(),
    leg: done.leg + 1,
    artifactId,
    state: 'pending',
    countsAs: 'pending',
    version: 1,
    dueAt: null,
    attemptId: null,
    returningAt: null,
    returnedMs: null,
    updatedAt: at,
  }
}

/** Campaign and wave grow by what was planned: their size is the number of their upgrades. */
async function makeRoom(tx: Queryable, planned: readonly NextLeg[]): Promise<void> {
  const byCampaign = [...Map.groupBy(planned, ({ campaignId }) => campaignId)].toSorted(([a], [b]) => (a < b ? -1 : 1))
  for (const [campaignId, rows] of byCampaign) await growCampaign(tx, campaignId, rows.length)
  for (const [campaignId, rows] of byCampaign) {
    const byWave = [...Map.groupBy(rows, ({ wave }) => wave)].toSorted(([a], [b]) => a - b)
    for (const [wave, own] of byWave) await growByLegs(tx, campaignId, wave, own.length)
  }
}

function entryOf(row: NextLeg, kind: string, at: number, data: object): JournalEntry {
  const { campaignId, upgradeId, deviceKey } = row
  const traceparent = upgradeTraceparent(upgradeId)
  return { direction: 'note', at, actor: OURSELVES, kind, campaignId, upgradeId, deviceKey, traceparent, data }
}
