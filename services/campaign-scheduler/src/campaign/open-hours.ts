import type { Policy } from '@sluice/contracts'
import { windowAt, windowMarginMs } from '@sluice/rollout'
import type { PlannedLeg } from '../store/campaigns.ts'
import { rolloutPolicy } from './complete-policy.ts'

const MINUTE = 60_000
const MINUTES_OF_DAY = 24 * 60
const MINUTES_OF_WEEK = 7 * MINUTES_OF_DAY

type Leg = Pick<PlannedLeg, 'size' | 'version'>

/** Why no device could ever start, by the leg that needs the least time of a window; null: some can. */
export function wrongWindows(policy: Policy, path: readonly Leg[], now: number): string | null {
  const least = path.reduce((leg, other) => (other.size < leg.size ? other : leg))
  if (hasRoom(policy, least.size, now)) return null
  return `${tooShort(policy, least)}: nothing would ever start`
}

/** Legs that a path has beside others, and no window has room for: a sentence each. */
export function* roomNotes(policy: Policy, path: readonly Leg[], now: number): Iterable<string> {
  for (const leg of path) {
    if (!hasRoom(policy, leg.size, now)) {
      yield `${tooShort(policy, leg)}: nobody is offered it, and its time is not counted.`
    } else if (!hasRoom(policy, leg.size, now, 'download')) {
      yield `${tooShort(policy, leg, 'download')}: who has no ScheduleDownload is not offered it.`
    }
  }
}

/** The largest image that somebody is offered: of those no larger than this one. */
export function largestWithRoom(policy: Policy, path: readonly Leg[], mostBytes: number, now: number): number {
  const sizes = path.map(({ size }) => size).filter((size) => size <= mostBytes && hasRoom(policy, size, now))
  return Math.max(0, ...sizes)
}

/** Which share of a week lies within any window, and not too close to its end for such an image. */
export function openShare(policy: Policy, imageBytes: number): number {
  const stretches = stretchesOf(policy.windows)
  const share = (marginMs: number) =>
    stretches.reduce((sum, minutes) => sum + Math.max(0, minutes - marginMs / MINUTE), 0) / MINUTES_OF_WEEK
  if (stretches.includes(Infinity)) return 1
  // Windows of several zones may have room together: how much is not looked for.
  return share(marginOf(policy, imageBytes)) || share(0)
}

/** How long before the end of a window nobody begins any more, in ms; where ScheduleDownload is wanted, of those that have it. */
export function marginOf(policy: Policy, imageBytes: number, method = methodOf(policy)): number {
  return windowMarginMs(imageBytes, rolloutPolicy(policy), method)
}

const methodOf = ({ delivery }: Policy) => delivery?.method ?? 'download'

/**
 * Whether a window lasts longer than its margin on an ordinary day: the one night of the year that has an hour more is no
 * campaign. Where no zone is known of a device, windows of several zones lie side by side, and may have room together.
 */
function hasRoom(policy: Policy, imageBytes: number, now: number, method = methodOf(policy)): boolean {
  const margin = marginOf(policy, imageBytes, method)
  if (longestOf(policy) * MINUTE > margin) return true
  const { windows = [] } = rolloutPolicy(policy)
  if (new Set(windows.map(({ zone }) => zone)).size < 2) return false
  const answer = windowAt({ windows }, null, now, margin)
  return answer.kind === 'open' || answer.opensAt !== null
}

function tooShort(policy: Policy, { size, version }: Leg, method = methodOf(policy)): string {
  // Windows are of whole minutes.
  const needed = Math.floor(marginOf(policy, size, method) / MINUTE) + 1
  return `${version} needs a window of ${needed} min, and the longest has ${longestOf(policy)} min`
}

const longestOf = ({ windows }: Policy): number => Math.max(...stretchesOf(windows))

/** How long it is open on end, in minutes, each time of an ordinary week; windows that touch are one. */
function stretchesOf(windows: Policy['windows'] = []): number[] {
  const open = Array.from({ length: MINUTES_OF_WEEK }, () => windows.length === 0)
  for (const { from, to, days = [1, 2, 3, 4, 5, 6, 7] } of windows) {
    const [start, end] = [minuteOf(from), minuteOf(to)]
    const length = end > start ? end - start : end + MINUTES_OF_DAY - start
    for (const day of days) {
      for (let minute = 0; minute < length; minute++) {
        open[((day - 1) * MINUTES_OF_DAY + start + minute) % MINUTES_OF_WEEK] = true
      }
    }
  }
  const closed = open.indexOf(false)
  if (closed === -1) return [Infinity]
  // From a closed minute on, so that none is cut in two by the end of the week.
  const stretches = [0]
  for (const isOpen of [...open.slice(closed), ...open.slice(0, closed)]) {
    if (isOpen) stretches[stretches.length - 1]! += 1
    else stretches.push(0)
  }
  return stretches.filter((minutes) => minutes > 0)
}

function minuteOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  return hours * 60 + minutes
}
