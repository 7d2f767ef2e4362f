import { type CampaignDraft, type Reply, answered, artifactGet, refused } from '@sluice/contracts'
import { type PathFault, type PathRules, checkPath } from '@sluice/rollout'
import { type PlannedLeg, linesOf } from '../store/campaigns.ts'
import { countersOfLines } from '../store/releases.ts'
import { type CoverParts, coverLeg, refuseUncovered } from './cover.ts'

/** The way of a draft with its artifacts, each of them trusted, measured and released; or what is wrong, in a sentence. */
export async function planPath(
  parts: CoverParts,
  draft: Pick<CampaignDraft, 'artifactId' | 'path' | 'targets'>,
  rules: PathRules,
  traceparent?: string,
): Promise<Reply<readonly PlannedLeg[]>> {
  if ((draft.artifactId === undefined) === (draft.path === undefined)) {
    return refused('invalid_request', 'a campaign has either one artifact or a path of legs')
  }
  const legs = draft.path ?? [{ artifactId: draft.artifactId! }]
  const path: PlannedLeg[] = []
  for (const { artifactId, from, steppingStone } of legs) {
    const artifact = await trustedArtifact(parts, artifactId, traceparent)
    if (!artifact.ok) return artifact
    path.push({ ...artifact.data, ...(from && { from }), ...(steppingStone && { steppingStone }) })
  }
  const uncovered = refuseUncovered(draft.targets, path)
  if (uncovered !== undefined) return uncovered
  const fault = checkPath(path, rules, await countersOfLines(parts.sql, linesOf(path)))
  return fault === null ? answered(path) : refused('invalid_request', faultSentence(path, fault))
}

async function trustedArtifact(
  parts: CoverParts,
  artifactId: string,
  traceparent?: string,
): Promise<Reply<PlannedLeg>> {
  const found = await parts.bus.request(artifactGet, { artifactId }, traceparent === undefined ? {} : { traceparent })
  if (!found.ok) return found
  const { name, status, size, sha256, version, softwareVersions, fits, hosting, verdict } = found.data
  if (status !== 'trusted') return refused('artifact_not_trusted', `the artifact ${name} ${version} is ${status}`)
  if (size === null || sha256 === null) {
    return refused('artifact_not_trusted', `the artifact ${name} ${version} was never measured`)
  }
  const settings = verdict?.evidence?.settings
  const planned = { artifactId, size, version, softwareVersions, fits, hosting, ...(settings && { settings }) }
  return coverLeg(parts, planned, sha256, traceparent)
}

function faultSentence(path: readonly PlannedLeg[], fault: PathFault): string {
  const leg = `leg ${fault.leg + 1} (${path[fault.leg]!.version})`
  switch (fault.kind) {
    case 'empty_range':
      return `${leg} starts from no version at all: its range ends before it begins`
    case 'never_ends':
      return `${leg} is a stepping stone that leads back to itself: the path never ends`
    case 'dead_end': {
      const { oui, productClass, hardwareVersion, softwareVersion } = fault.device
      const hardware = hardwareVersion === null ? '' : `, hardware ${hardwareVersion}`
      return `${leg} is a stepping stone, and no leg goes on from ${softwareVersion} for ${oui} ${productClass}${hardware}`
    }
  }
}
