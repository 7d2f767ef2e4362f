import type { CampaignReport } from '@sluice/contracts'
import { toTime } from '../parts.ts'
import type { VersionStep } from '../store/report-facts.ts'

/** Versions that have a line of their own. */
const MOST_LINES = 7

/** The sums of the steps: bucket 0 is the beginning, the rest are equal parts of the time. */
export function versionsOverTime(
  steps: readonly VersionStep[],
  { from, to, buckets }: { readonly from: number; readonly to: number; readonly buckets: number },
): CampaignReport['versions'] {
  const at = Array.from({ length: buckets + 1 }, (_, index) =>
    toTime(Math.round(from + ((to - from) / buckets) * index)),
  )
  const lines = new Map<string | null, number[]>()
  for (const { version, bucket, change } of steps) {
    const line = lines.get(version) ?? Array.from({ length: buckets + 1 }, () => 0)
    line[bucket] = (line[bucket] ?? 0) + change
    lines.set(version, line)
  }
  const summed = [...lines].map(([version, changes]) => ({ version, devices: runningSum(changes) }))
  const byPeak = summed.toSorted((a, b) => peakOf(b.devices) - peakOf(a.devices) || nameOf(a).localeCompare(nameOf(b)))
  const known = byPeak.filter(({ version }) => version !== null)
  const shown = known.slice(0, MOST_LINES)
  const rest = byPeak.filter((line) => !shown.includes(line))
  return { at, series: rest.length === 0 ? shown : [...shown, { version: null, devices: addUp(rest, buckets + 1) }] }
}

const nameOf = ({ version }: { version: string | null }): string => version ?? ''
const peakOf = (devices: readonly number[]): number => Math.max(...devices)

function runningSum(changes: readonly number[]): number[] {
  let sum = 0
  // A device that came back unseen may leave a version it was never seen to take.
  return changes.map((change) => Math.max(0, (sum += change)))
}

function addUp(lines: readonly { readonly devices: readonly number[] }[], length: number): number[] {
  return Array.from({ length }, (_, index) => lines.reduce((sum, { devices }) => sum + devices[index]!, 0))
}
