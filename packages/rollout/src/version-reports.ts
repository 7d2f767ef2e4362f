export interface VersionReport {
  at: number
  on: 'old' | 'target' | 'other'
  booted: boolean
  /** How often the session of a boot had been tried before, where it had. */
  retries?: number
  /** The boot was asked for (`M Reboot`). */
  asked?: boolean
}

const kept = 24

/** Their order in time; of two at the same time the same one comes last, whichever was heard first. */
export function byTime(a: Pick<VersionReport, 'at' | 'on'>, b: Pick<VersionReport, 'at' | 'on'>): number {
  return a.at - b.at || (a.on === b.on ? 0 : a.on < b.on ? -1 : 1)
}

/** Adds a report in its place in time. Beyond a few dozen, reports inside a run of the same version are left out, the latest boots last. */
export function addReport(reports: VersionReport[], report: VersionReport): VersionReport[] {
  if (reports.some(({ at, on, booted }) => at === report.at && on === report.on && booted === report.booted))
    return reports
  const sorted = [...reports, report].toSorted(byTime)
  if (sorted.length <= kept) return sorted
  const inside = (index: number) =>
    sorted[index]?.on === sorted[index - 1]?.on && sorted[index]?.on === sorted[index + 1]?.on
  const plain = sorted.findIndex(({ booted }, index) => !booted && inside(index))
  const any = sorted.findLastIndex((_, index) => inside(index))
  return sorted.toSpliced(plain >= 0 ? plain : Math.max(0, any), 1)
}

/** When the latest unbroken run of this version began. */
export function latestRunOf(version: VersionReport['on'], reports: readonly VersionReport[]): number | null {
  const last = reports.findLastIndex(({ on }) => on === version)
  const before = reports.slice(0, Math.max(0, last)).findLastIndex(({ on }) => on !== version)
  return reports[last]?.at === undefined ? null : (reports[before + 1]?.at ?? null)
}
