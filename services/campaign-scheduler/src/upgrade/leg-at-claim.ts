import {
  type DeviceOnPath,
  type KnownCounters,
  type LegAnswer,
  type NoLeg,
  type Release,
  legFor,
} from '@sluice/rollout'
import type { CampaignRow, LegRelease, PlannedLeg } from '../store/campaigns.ts'
import type { UpgradeRow } from '../store/upgrades.ts'

export type LegAtClaim =
  | {
      readonly kind: 'leg'
      readonly release: Release
      /** What was signed of it. */
      readonly rests: LegRelease | undefined
    }
  | { readonly kind: 'none'; readonly reason: NoLeg }

/** Which leg a device takes as it reports itself now: what was planned may be long ago. */
export function legAtClaim(
  { artifactId, reportedVersion }: Pick<UpgradeRow, 'artifactId' | 'reportedVersion'>,
  campaign: Pick<CampaignRow, 'path' | 'policy' | 'rollbackOf'>,
  device: DeviceOnPath,
  counters: KnownCounters,
): LegAtClaim {
  const path = campaign.rollbackOf === null ? campaign.path : wayBack(campaign.path, artifactId)
  const answer: LegAnswer = legFor(path, device, campaign.policy, counters)
  if (answer.kind !== 'leg') return answer
  // What another campaign has brought meanwhile is not what is taken back.
  const movedOn = campaign.rollbackOf !== null && device.softwareVersion !== reportedVersion
  return movedOn
    ? { kind: 'none', reason: 'no_leg_from_this_version' }
    : { kind: 'leg', release: releaseOf(path[answer.index]!), rests: path[answer.index]!.release }
}

/** Which version a device came from, its own version does not tell any more: it goes back to what was planned for it. */
function wayBack(path: readonly PlannedLeg[], artifactId: string | null): PlannedLeg[] {
  return path.filter((leg) => leg.artifactId === artifactId).map((leg) => ({ ...leg, from: {} }))
}

function releaseOf({ artifactId, softwareVersions, size, hosting, steppingStone }: PlannedLeg): Release {
  return {
    artifactId,
    targetVersions: [...softwareVersions],
    imageBytes: size,
    hosting: hosting === 'file_server' ? 'ours' : 'operator',
    steppingStone: steppingStone === true,
  }
}

/** Whether what the leg rests on is over: then nobody vouches for it any more. */
export function isReleaseOver(leg: LegAtClaim, now: number): boolean {
  return leg.kind === 'leg' && leg.rests !== undefined && now >= leg.rests.expiresAt
}

/** Whether an upgrade is for this release already: then its claim has no need to say it. */
export function isPlannedFor({ machine, artifactId }: UpgradeRow, campaign: CampaignRow, release: Release): boolean {
  const { targetVersions, imageBytes, hosting, steppingStone } = machine
  return (
    (artifactId ?? campaign.artifactId) === release.artifactId &&
    targetVersions.join('\n') === release.targetVersions.join('\n') &&
    imageBytes === release.imageBytes &&
    hosting === release.hosting &&
    (steppingStone ?? false) === release.steppingStone
  )
}
