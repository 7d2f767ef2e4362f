import { type DeviceFilter, type Reply, answered, refused } from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'
import type { Parts } from '../parts.ts'
import type { LegRelease, PlannedArtifact, PlannedLeg } from '../store/campaigns.ts'
import { fetchReleases } from './fetch-releases.ts'
import { type ReleaseRow, releasesOfImage } from '../store/releases.ts'

/** What is to be covered: the image, byte for byte, and what the operator says of it. */
export interface Coverable extends Pick<PlannedArtifact, 'version' | 'fits' | 'softwareVersions' | 'size'> {
  readonly sha256: string
}

/**
 * The release that covers an artifact now: of several, the one it has rested on so far, then the one for most of its
 * models, then for longest.
 */
export async function coverOf(
  db: Queryable,
  artifact: Coverable,
  now: number,
  soFar?: string,
): Promise<Reply<LegRelease>> {
  const rows = await releasesOfImage(db, artifact)
  const holding = rows.filter((row) => objectionTo(row, artifact, now) === null)
  const byMerit = holding.toSorted(
    (a, b) => modelsCovered(b, artifact) - modelsCovered(a, artifact) || b.expiresAt - a.expiresAt,
  )
  const best = byMerit.find(({ releaseId }) => releaseId === soFar) ?? byMerit[0]
  if (best !== undefined) return answered(termsOf(best))
  const said = rows.map((row) => objectionTo(row, artifact, now)!)
  // What is nearest to covering it is what somebody can mend.
  const nearest = ORDER.flatMap((code) => said.find((one) => one.code === code) ?? [])[0]
  return nearest === undefined
    ? refused('release_missing', `no release covers ${artifact.version}: sha256 ${artifact.sha256}`)
    : refused(nearest.code, nearest.detail)
}

const ORDER = ['release_does_not_cover', 'release_expired', 'release_revoked'] as const

interface Objection {
  readonly code: (typeof ORDER)[number]
  readonly detail: string
}

function objectionTo(row: ReleaseRow, artifact: Coverable, now: number): Objection | null {
  const { releaseId, statement, revokedReason, expiresAt } = row
  if (revokedReason !== null) {
    return { code: 'release_revoked', detail: `release ${releaseId} was revoked: ${revokedReason}` }
  }
  if (now >= expiresAt) {
    return { code: 'release_expired', detail: `release ${releaseId} expired ${statement.expires}` }
  }
  if (modelsCovered(row, artifact) === 0) {
    return { code: 'release_does_not_cover', detail: `release ${releaseId} is for none of the artifact's models` }
  }
  const strange = artifact.softwareVersions.find((version) => !statement.softwareVersions.includes(version))
  if (strange === undefined) return null
  return {
    code: 'release_does_not_cover',
    detail: `the artifact is said to report ${strange}, and release ${releaseId} says ${statement.softwareVersions.join(', ')}`,
  }
}

/** What it takes to plan a way. */
export type CoverParts = Pick<Parts, 'bus' | 'sql' | 'clock' | 'settings' | 'metrics'>

/** A leg with the release that covers it; without one where none is asked for and there is none. */
export async function coverLeg(
  parts: CoverParts,
  leg: PlannedLeg,
  sha256: string,
  traceparent?: string,
): Promise<Reply<PlannedLeg>> {
  const look = () => coverOf(parts.sql, { ...leg, sha256 }, parts.clock.now())
  let release = await look()
  if (!release.ok && (await fetchReleases(parts, sha256, traceparent))) release = await look()
  if (release.ok) return answered({ ...leg, release: release.data })
  // What is over, revoked or for others says that somebody decides about these bytes.
  const goesWithout = !parts.settings.requireRelease && release.error.code === 'release_missing'
  return goesWithout ? answered(leg) : release
}

type Model = Pick<Coverable['fits'][number], 'oui' | 'productClass'>

const isModel =
  ({ oui, productClass }: Model) =>
  (other: Model): boolean =>
    other.oui === oui && other.productClass === productClass

function modelsCovered({ statement }: ReleaseRow, { fits }: Coverable): number {
  return fits.filter((model) => statement.models.some(isModel(model))).length
}

function termsOf({ releaseId, statement, expiresAt }: ReleaseRow): LegRelease {
  const { product, counter, models, minimumVersion, allowDowngrade, image } = statement
  const from = minimumVersion === undefined ? {} : { minimumVersion }
  return { releaseId, sha256: image.sha256, product, counter, models, ...from, allowDowngrade, expiresAt }
}

/** Models that the targets name, and for which there is an image and no release: nobody is left out unseen. */
export function refuseUncovered({ models = [] }: DeviceFilter, path: readonly PlannedLeg[]): Reply<never> | undefined {
  const missing = models.find((model) => {
    const fitting = path.filter(({ fits }) => fits.some(isModel(model)))
    const isReleased = ({ release }: PlannedLeg) => release === undefined || release.models.some(isModel(model))
    return fitting.length > 0 && !fitting.some(isReleased)
  })
  return missing && refused('release_does_not_cover', `no release is for ${missing.oui} ${missing.productClass}`)
}
