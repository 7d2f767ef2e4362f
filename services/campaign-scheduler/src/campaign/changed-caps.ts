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

/** Whether more may be under way anywhere: any figure is larger than it was, or gone. */
export function isRaised(before: Caps, after: Caps): boolean {
  const [had, has] = [figuresOf(before), figuresOf(after)]
  return has.some((figure, index) => figure > had[index]!)
}

function figuresOf({ inFlight, unproven, startsPerMinute, perSite, egressBitsPerSecond }: Caps): number[] {
  const optional = [startsPerMinute, perSite?.inFlight, perSite?.unproven, egressBitsPerSecond]
  return [inFlight, unproven, ...optional.map((figure) => figure ?? Infinity)]
}
