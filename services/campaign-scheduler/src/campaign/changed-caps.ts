import { isDeepStrictEqual } from 'node:util'
import type { Caps, CapsChange } from '@sluice/contracts'

/** What the change leaves out stays, null takes a cap off. */
export function changedCaps(caps: Caps, change: CapsChange): Caps {
  const { startsPerMinute, perSite, egressBitsPerSecond } = { ...caps, ...change }
  return {
    inFlight: change.inFlight ?? caps.inFlight,
    unproven: change.unproven ?? caps.unproven,
    ...(startsPerMinute != null && { startsPerMinute }),
    ...(perSite != null && { perSite }),
    ...(egressBitsPerSecond != null && { egressBitsPerSecond }),
  }
}

/** For people: what is other than it was, for example `inFlight 500, perSite none`. */
export function changesIn(before: Caps, after: Caps): string {
  const names = ['inFlight', 'unproven', 'startsPerMinute', 'perSite', 'egressBitsPerSecond'] as const
  return names
    .filter((name) => !isDeepStrictEqual(before[name], after[name]))
    .map((name) => `${name} ${textOf(after[name])}`)
    .join(', ')
}

function textOf(cap: Caps[keyof Caps]): string {
  if (cap === undefined) return 'none'
  return typeof cap === 'number' ? String(cap) : Object.values(cap).join('/')
}

/** Whether more may be under way anywhere: any figure is larger than it was, or gone. */
export function isRaised(before: Caps, after: Caps): boolean {
  const [had, has] = [figuresOf(before), figuresOf(after)]
  return has.some((figure, index) => figure > had[index]!)
}

function figuresOf({ inFlight, unproven, startsPerMinute, perSite, egressBitsPerSecond }: Caps): number[] {
  const optional = [startsPerMinute, perSite?.inFlight, perSite?.unproven, egressBitsPerSecond]
  return [inFlight, unproven, ...optional.map((figure) => figure ?? Infinity)]
}
