export { compareVersions } from './compare-versions.ts'
export { isVersionWithin, type VersionRange } from './version-range.ts'
