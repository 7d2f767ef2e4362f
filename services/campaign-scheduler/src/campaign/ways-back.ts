import { type Artifact, type Reply, answered, artifactGet, artifactList, refused } from '@sluice/contracts'
import { fitsModel } from '@sluice/rollout'
import type { PlannedLeg } from '../store/campaigns.ts'
import { type CoverParts, coverLeg } from './cover.ts'
import type { MovedDevice } from '../store/moved-devices.ts'

export type Origin = Pick<MovedDevice, 'oui' | 'productClass' | 'hardwareVersion' | 'fromVersion'>

const PAGE = 500
/** As many artifacts as are looked through for the releases that devices came from. */
const MOST_PAGES = 40
/** As many legs as a path may have. */
const MOST_LEGS = 32

/** Which of a rollback's artifacts takes a device back; undefined: none. */
export function wayBackFor(path: readonly PlannedLeg[], origin: Origin): PlannedLeg | undefined {
  return path.find(
    ({ fits, release, named, softwareVersions }) =>
      fitsModel(fits, origin) &&
      (release === undefined || fitsModel(release.models, origin)) &&
      (named === true || softwareVersions.includes(origin.fromVersion)),
  )
}

/** The artifact that was named, if it is trusted. */
export async function givenWay(parts: CoverParts, artifactId: string): Promise<Reply<readonly PlannedLeg[]>> {
  const found = await parts.bus.request(artifactGet, { artifactId })
  if (!found.ok) return found
  const { sha256, name, version, status } = found.data
  const leg = legOf(found.data)
  if (leg === undefined || sha256 === null) {
    return refused('artifact_not_trusted', `the artifact ${name} ${version} is ${status}`)
  }
  const covered = await coverLeg(parts, leg, sha256)
  return covered.ok ? answered([{ ...covered.data, named: true }]) : covered
}

/** Trusted and released artifacts that report the versions devices came from, the newest of each. */
export async function findWaysBack(
  parts: CoverParts,
  origins: readonly Origin[],
): Promise<Reply<readonly PlannedLeg[]>> {
  const path: PlannedLeg[] = []
  let missing = [...origins]
  let cursor: string | undefined
  for (let page = 0; page < MOST_PAGES && missing.length > 0; page += 1) {
    const listed = await parts.bus.request(artifactList, { limit: PAGE, ...(cursor !== undefined && { cursor }) })
    if (!listed.ok) return listed
    for (const artifact of listed.data.items) {
      const leg = legOf(artifact)
      if (leg === undefined || path.length === MOST_LEGS || without(missing, leg).length === missing.length) continue
      const covered = await coverLeg(parts, leg, artifact.sha256 ?? '')
      if (!covered.ok) continue
      const rest = without(missing, covered.data)
      if (rest.length === missing.length) continue
      path.push(covered.data)
      missing = rest
    }
    if (listed.data.next === null) break
    cursor = listed.data.next
  }
  return answered(path)
}

const without = (origins: readonly Origin[], leg: PlannedLeg): Origin[] =>
  origins.filter((one) => wayBackFor([leg], one) === undefined)

function legOf({
  artifactId,
  status,
  size,
  version,
  softwareVersions,
  fits,
  hosting,
}: Artifact): PlannedLeg | undefined {
  if (status !== 'trusted' || size === null) return undefined
  return { artifactId, size, version, softwareVersions, fits, hosting }
}
