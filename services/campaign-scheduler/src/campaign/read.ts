import {
  type Campaign,
  type InputOf,
  type OutputOf,
  type Reply,
  answered,
  type campaignList,
  refused,
  strangeCursor,
} from '@sluice/contracts'
import { pageOf } from '@sluice/bus'
import type { Queryable } from '@sluice/sql'
import { toTime } from '../parts.ts'
import { type CampaignRow, findCampaign, listCampaigns } from '../store/campaigns.ts'
import { type TallyRow, talliesOf } from '../store/tallies.ts'
import { type WaveRow, wavesOf } from '../store/waves.ts'
import { countersOf, outcomesOf, toWire } from './counters.ts'

/** One campaign as others see it. Throws where it has to be there and is not. */
export async function readCampaign(db: Queryable, campaignId: string): Promise<Campaign> {
  const found = await getCampaign(db, campaignId)
  if (!found.ok) throw new Error(found.error.detail)
  return found.data
}

export async function getCampaign(db: Queryable, campaignId: string): Promise<Reply<Campaign>> {
  const row = await findCampaign(db, campaignId)
  if (row === undefined) return refused('not_found', `there is no campaign ${campaignId}`)
  const [waves, tallies] = [await wavesOf(db, [campaignId]), await talliesOf(db, [campaignId])]
  return answered(toCampaign(row, waves, tallies))
}

/** Rows read together: some have tens of thousands of names. */
const AT_ONCE = 25

/** Newest first; as many as one message takes. */
export async function readCampaigns(
  db: Queryable,
  input: InputOf<typeof campaignList>,
): Promise<Reply<OutputOf<typeof campaignList>>> {
  const strange = strangeCursor('campaign', input.cursor)
  if (strange !== undefined) return strange
  const found: Campaign[] = []
  for (;;) {
    const before = found.at(-1)?.campaignId ?? input.cursor
    const wanted = Math.min(AT_ONCE, input.limit + 1 - found.length)
    const rows = await listCampaigns(db, before, wanted)
    found.push(...(await toCampaigns(db, rows)))
    const items = pageOf(found, input.limit)
    if (items.length < found.length) return answered({ items, next: items.at(-1)!.campaignId })
    if (rows.length < wanted) return answered({ items, next: null })
  }
}

async function toCampaigns(db: Queryable, rows: readonly CampaignRow[]): Promise<Campaign[]> {
  const ids = rows.map((row) => row.campaignId)
  const waves = Map.groupBy(await wavesOf(db, ids), (wave) => wave.campaignId)
  const tallies = Map.groupBy(await talliesOf(db, ids), (tally) => tally.campaignId)
  return rows.map((row) => toCampaign(row, waves.get(row.campaignId) ?? [], tallies.get(row.campaignId) ?? []))
}

function toCampaign(row: CampaignRow, waves: readonly WaveRow[], tallies: readonly TallyRow[]): Campaign {
  const byWave = Map.groupBy(tallies, (tally) => tally.wave)
  return {
    campaignId: row.campaignId,
    name: row.name,
    artifactId: row.artifactId,
    version: row.artifact.version,
    state: row.state,
    stateReason: row.stateReason,
    targets: row.targets,
    path: row.path.map(({ artifactId, version, from, steppingStone, release }) => ({
      artifactId,
      version,
      ...(from && { from }),
      ...(steppingStone && { steppingStone }),
      releaseId: release?.releaseId ?? null,
    })),
    dynamic: row.dynamicEndsAt === null ? null : { endsAt: toTime(row.dynamicEndsAt) },
    rollbackOf: row.rollbackOf,
    retryOf: row.retryOf,
    approval: {
      neededBecause: [...row.approvalNeeded],
      givenBy: row.approvedBy,
      givenAt: row.approvedAt === null ? null : toTime(row.approvedAt),
    },
    leftOut: row.leftOutBy,
    policy: row.policy,
    size: row.size,
    counters: toWire(countersOf(tallies)),
    outcomes: outcomesOf(tallies),
    waves: waves.map((wave) => ({
      wave: wave.wave,
      state: wave.state,
      size: wave.size,
      counters: toWire(countersOf(byWave.get(wave.wave) ?? [])),
      openedAt: wave.openedAt === null ? null : toTime(wave.openedAt),
      gate: wave.gate,
    })),
    createdAt: toTime(row.createdAt),
    createdBy: row.createdBy,
    updatedAt: toTime(row.updatedAt),
  }
}
