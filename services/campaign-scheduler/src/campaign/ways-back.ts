import { type Artifact, type Reply, answered, artifactGet, artifactList, refused } from '@sluice/contracts'
import { fitsModel } from '@sluice/rollout'
import type { Parts } from '../parts.ts'
import type { PlannedLeg } from '../store/campaigns.ts'
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
    ({ fits, named, softwareVersions }) =>
      fitsModel(fits, origin) && (named === true || softwareVersions.includes(origin.fromVersion)),
  )
}

/** The artifact that was named, if it is trusted. */
export async function givenWay(parts: Pick<Parts, 'bus'>, artifactId: string): Promise<Reply<readonly PlannedLeg[]>> {
  const found = await parts.bus.request(artifactGet, { artifactId })
  if (!found.ok) return found
  const leg = legOf(found.data)
  return leg === undefined
    ? refused('artifact_not_trusted', `the artifact ${found.data.name} ${found.data.version} is ${found.data.status}`)
    : answered([{ ...leg, named: true }])
}

/** Trusted artifacts that report the versions devices came from, the newest of each. */
export async function findWaysBack(
  parts: Pick<Parts, 'bus'>,
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
      const rest = leg === undefined ? missing : missing.filter((one) => wayBackFor([leg], one) === undefined)
      if (leg === undefined || rest.length === missing.length || path.length === MOST_LEGS) continue
      path.push(leg)
      missing = rest
    }
    if (listed.data.next === null) break
    cursor = listed.data.next
  }
  return answered(path)
}

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
