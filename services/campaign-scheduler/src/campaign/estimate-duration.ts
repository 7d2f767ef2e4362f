import type { Policy } from '@sluice/contracts'
import { openShare } from './open-hours.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

export interface Duration {
  readonly ms: number
  /** What most of it is spent on, in words. */
  readonly boundBy: string
}

interface Bound {
  readonly words: string
  readonly ms: number
}

/** How long a device is taken to be under way: the image at the slowest rate that is allowed, and a third of the time it has to flash. */
export function underWayMs({ timers }: Pick<Policy, 'timers'>, imageBytes: number): number {
  const transferMs = Math.ceil((imageBytes * 8_000) / timers.slowestBitsPerSecond)
  return Math.min(timers.minTransferMs, transferMs) + Math.ceil(timers.flashMs / 3)
}

/**
 * How long a campaign takes when everything goes well: each wave as long as what binds it most, then the soak of its last
 * device and of its gate. A person's approval and a freeze take no time here.
 */
export function estimateDuration(policy: Policy, waveSizes: readonly number[], imageBytes: number): Duration {
  const spent = new Map<string, number>()
  const spend = (words: string, ms: number) => spent.set(words, (spent.get(words) ?? 0) + ms)
  const share = openShare(policy, imageBytes)
  for (const [index, size] of waveSizes.entries()) {
    if (size === 0) continue
    const bound = boundsOf(policy, size, imageBytes, share).reduce((most, other) => (other.ms > most.ms ? other : most))
    spend(bound.words, bound.ms)
    spend('the soak of each wave', policy.timers.soakMs + (index === waveSizes.length - 1 ? 0 : policy.gate.soakMs))
  }
  const [first] = [...spent].toSorted((a, b) => b[1] - a[1])
  const ms = [...spent.values()].reduce((sum, own) => sum + own, 0)
  return { ms: Math.ceil(ms), boundBy: first?.[0] ?? 'nothing: there are no devices' }
}

function boundsOf({ caps, ...policy }: Policy, size: number, imageBytes: number, share: number): Bound[] {
  const eachMs = underWayMs(policy, imageBytes)
  const within = share < 1 ? `, within windows that are open for it ${Math.round(share * 100)} % of the time` : ''
  const bound = (words: string, ms: number): Bound => ({ words: `${words}${within}`, ms: ms / share })
  const bounds: Bound[] = [
    { words: 'devices show up once a day', ms: DAY },
    bound(`${caps.inFlight} in flight at once`, Math.ceil(size / caps.inFlight) * eachMs),
    bound(`${caps.unproven} unproven at once`, Math.ceil(size / caps.unproven) * policy.timers.soakMs),
  ]
  if (caps.startsPerMinute !== undefined) {
    bounds.push(bound(`${caps.startsPerMinute} starts per minute`, (size / caps.startsPerMinute) * MINUTE))
  }
  if (caps.egressBitsPerSecond !== undefined) {
    const bits = size * imageBytes * 8
    bounds.push(bound(`${caps.egressBitsPerSecond} bits per second`, (bits / caps.egressBitsPerSecond) * 1_000))
  }
  return bounds
}
