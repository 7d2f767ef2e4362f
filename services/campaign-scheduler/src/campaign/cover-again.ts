import { type Reply, answered, refused } from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'
import type { Parts } from '../parts.ts'
import { type CampaignRow, type PlannedLeg, setPath } from '../store/campaigns.ts'
import { coverOf } from './cover.ts'

/**
 * Before a campaign starts or goes on: a release that has expired gives way to one for the same bytes that holds. Where
 * there is none, or no release at all and one has to be, the campaign stays where it is.
 */
export async function coverAgain(
  parts: Parts,
  tx: Queryable,
  { campaignId, path }: Pick<CampaignRow, 'campaignId' | 'path'>,
  actor: string,
  traceparent: string | undefined,
): Promise<Reply<never> | undefined> {
  const at = parts.clock.now()
  const covered: PlannedLeg[] = []
  for (const leg of path) {
    const now = await coverLegAgain(parts, tx, leg, at)
    if (!now.ok) return now
    covered.push(now.data)
  }
  const [before, after] = [path, covered].map((legs) => legs.map(({ release }) => release?.releaseId ?? null))
  if (before!.join() === after!.join()) return undefined
  await setPath(tx, campaignId, covered)
  const data = { before, after }
  await parts.journal.append(tx, [
    { direction: 'note', at, actor, kind: 'campaign.release_changed', campaignId, traceparent, data },
  ])
  return undefined
}

async function coverLegAgain(
  { settings }: Pick<Parts, 'settings'>,
  tx: Queryable,
  leg: PlannedLeg,
  now: number,
): Promise<Reply<PlannedLeg>> {
  const { release } = leg
  if (release === undefined) {
    return settings.requireRelease
      ? refused('release_missing', `it was planned without a release for ${leg.version}`)
      : answered(leg)
  }
  const holding = await coverOf(tx, { ...leg, sha256: release.sha256 }, now, release.releaseId)
  return holding.ok ? answered({ ...leg, release: holding.data }) : holding
}

/** A leg whose release is over. */
export function expiredLeg(path: readonly PlannedLeg[], now: number): PlannedLeg | undefined {
  return path.find(({ release }) => release !== undefined && now >= release.expiresAt)
}
