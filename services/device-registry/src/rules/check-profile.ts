import type { ModelProfile } from '@sluice/model-profiles'
import { compareVersions } from '@sluice/versions'

const ROOTS = ['Device.', 'InternetGatewayDevice.'] as const

/** What the schema cannot say: null, or what contradicts itself. */
export function contradictionIn(profile: ModelProfile): string | null {
  return contradictionOfVersions(profile.match) ?? contradictionOfRoots(profile) ?? contradictionOfLists(profile)
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
  const checked = (profile.checks ?? []).map(({ path }) => path)
  const paths = [
    profile.versionParameter,
    ...profile.settings,
    ...profile.sentinels,
    profile.wanStatus.path,
    ...checked,
  ]
  const root = profile.match.root ?? ROOTS.find((one) => profile.versionParameter.startsWith(one))
  if (root === undefined) return `versionParameter starts with neither ${ROOTS.join(' nor ')}`
  const stray = paths.find((path) => !path.startsWith(root))
  return stray === undefined ? null : `${JSON.stringify(stray)} is not read from ${root}`
}

/** What is put back has to be compared, and a check is known by its name alone. */
function contradictionOfLists({ settings, restorable = [], checks = [] }: ModelProfile): string | null {
  const stray = restorable.find((path) => !settings.includes(path))
  if (stray !== undefined) return `${JSON.stringify(stray)} is restorable and not among the settings`
  const names = checks.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  return twice === undefined ? null : `two checks are called ${twice}`
}
