import { compareVersions } from '@sluice/versions'
import { type DeviceOnPath, type KnownCounters, type PathLeg, type PathRules, legFor } from './leg-for.ts'

export type PathFault =
  | { readonly kind: 'empty_range'; readonly leg: number }
  | { readonly kind: 'never_ends'; readonly leg: number }
  /** A stepping stone from which nobody like `device` gets any further. */
  | { readonly kind: 'dead_end'; readonly leg: number; readonly device: DeviceOnPath }

/** What is wrong with a way, walked from each of its stepping stones as each model that may stand there. Legs from 0. */
export function checkPath(path: readonly PathLeg[], rules: PathRules = {}, counters?: KnownCounters): PathFault | null {
  const empty = path.findIndex(({ from }) => isEmpty(from?.from, from?.below))
  if (empty !== -1) return { kind: 'empty_range', leg: empty }
  for (const [leg, stone] of path.entries()) {
    if (stone.steppingStone !== true) continue
    for (const device of whoStandsOn(stone)) {
      const fault = walkFrom(path, leg, device, rules, counters)
      if (fault !== null) return fault
    }
  }
  return null
}

function isEmpty(from: string | undefined, below: string | undefined): boolean {
  return from !== undefined && below !== undefined && compareVersions(from, below) >= 0
}

function whoStandsOn({ fits, softwareVersions }: PathLeg): DeviceOnPath[] {
  return fits.flatMap(({ oui, productClass, hardwareVersions }) =>
    (hardwareVersions ?? [null]).flatMap((hardwareVersion) =>
      softwareVersions.map((softwareVersion) => ({ oui, productClass, hardwareVersion, softwareVersion })),
    ),
  )
}

function walkFrom(
  path: readonly PathLeg[],
  start: number,
  device: DeviceOnPath,
  rules: PathRules,
  counters: KnownCounters | undefined,
): PathFault | null {
  const seen = new Set([start])
  const onStones = [{ leg: start, device }]
  for (const on of onStones) {
    const next = legFor(path, on.device, rules, counters)
    if (next.kind === 'none') {
      if (next.reason === 'already_on_target') continue
      return { kind: 'dead_end', leg: on.leg, device: on.device }
    }
    const leg = path[next.index]!
    if (leg.steppingStone !== true) continue
    if (next.index === start) return { kind: 'never_ends', leg: start }
    if (seen.has(next.index)) continue
    seen.add(next.index)
    onStones.push(
      ...leg.softwareVersions.map((softwareVersion) => ({
        leg: next.index,
        device: { ...on.device, softwareVersion },
      })),
    )
  }
  return null
}
