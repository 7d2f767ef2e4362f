import type { Policy } from './policy.ts'
import { windowAt } from './window-at.ts'

/** Between these instants a device may fetch and apply its image; epoch ms. */
export interface TimeWindow {
  readonly from: number
  readonly to: number
}

/** Of TimeWindowStruct (TR-069 A.4.1.8, table 65): seconds after the request. */
export interface WindowOffset {
  readonly startSeconds: number
  readonly endSeconds: number
}

const day = 24 * 3_600_000
/** In less nothing gets told and done. */
const leastMs = 60_000
/** TimeWindowList has room for so many. */
const most = 2

/** After this, in ms from then on, the last window is over that a device may be handed now. */
export const windowsOverMs = (marginMs: number): number => most * (day + longestMs(marginMs))

/** None is longer. */
const longestMs = (marginMs: number): number => Math.max(day, 2 * marginMs)

/**
 * The next windows to hand to a device, in order and apart, each with room for `marginMs` (transfer and flash) in it.
 * None begins more than a day after now, or after the end of the one before, and none is longer than a day: a device
 * that was told holds a place under the caps until they are over. None at all: too far away to be told of it yet.
 */
export function timeWindows(
  policy: Pick<Policy, 'windows' | 'freeze'>,
  zone: string | null,
  now: number,
  marginMs: number,
): TimeWindow[] {
  const windows: TimeWindow[] = []
  let at = now
  while (windows.length < most) {
    const from = nextUse(policy, zone, at, marginMs)
    if (from === null || from > at + day) return windows
    const open = windowAt(policy, zone, from)
    const closesAt = open.kind === 'open' ? (open.until ?? Infinity) : from
    const to = Math.min(closesAt, from + longestMs(marginMs))
    if (to <= from) return windows
    windows.push({ from, to })
    if (to < closesAt) return windows
    at = to
  }
  return windows
}

/** When a window with enough room is open next, from `at` on. */
function nextUse(
  policy: Pick<Policy, 'windows' | 'freeze'>,
  zone: string | null,
  at: number,
  marginMs: number,
): number | null {
  const answer = windowAt(policy, zone, at, Math.max(leastMs, marginMs))
  return answer.kind === 'open' ? at : answer.opensAt
}

/** The same in the words of the method, for a request that the device receives now. What is over is left out. */
export function windowOffsets(windows: readonly TimeWindow[], now: number): WindowOffset[] {
  return windows
    .map(({ from, to }) => ({
      startSeconds: Math.max(0, Math.ceil((from - now) / 1000)),
      endSeconds: Math.floor((to - now) / 1000),
    }))
    .filter(({ startSeconds, endSeconds }) => endSeconds > startSeconds)
}
