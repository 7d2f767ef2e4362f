import { type ModelProfile, compareVersions } from '@sluice/model-profiles'

const ROOTS = ['Device.', 'InternetGatewayDevice.'] as const

/** What the schema cannot say: null, or what contradicts itself. */
export function contradictionIn(profile: ModelProfile): string | null {
  return contradictionOfVersions(profile.match) ?? contradictionOfRoots(profile)
}

function contradictionOfVersions(match: ModelProfile['match']): string | null {
  const { softwareVersion, softwareVersionFrom: from, softwareVersionBelow: below } = match
  if (softwareVersion !== undefined && (from !== undefined || below !== undefined)) {
    return 'match names one software version and a range of them'
  }
  if (from !== undefined && below !== undefined && compareVersions(from, below) >= 0) {
    return `no software version is from ${from} on and below ${below}`
  }
  return null
}

/** A device has one data model: what it has not got would read as a change. */
function contradictionOfRoots(profile: ModelProfile): string | null {
  const paths = [profile.versionParameter, ...profile.settings, ...profile.sentinels, profile.wanStatus.path]
  const root = profile.match.root ?? ROOTS.find((one) => profile.versionParameter.startsWith(one))
  if (root === undefined) return `versionParameter starts with neither ${ROOTS.join(' nor ')}`
  const stray = paths.find((path) => !path.startsWith(root))
  return stray === undefined ? null : `${JSON.stringify(stray)} is not read from ${root}`
}
