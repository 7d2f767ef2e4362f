import { compareVersions } from './compare-versions.ts'

/** Software versions as devices report them: `from` included, `below` not. Neither named: any. */
export interface VersionRange {
  readonly from?: string | undefined
  readonly below?: string | undefined
}

export function isVersionWithin({ from, below }: VersionRange, version: string): boolean {
  const isNewEnough = from === undefined || compareVersions(version, from) >= 0
  return isNewEnough && (below === undefined || compareVersions(version, below) < 0)
}
