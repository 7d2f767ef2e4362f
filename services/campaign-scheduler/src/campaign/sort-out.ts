import type { Device, Policy } from '@sluice/contracts'
import { type KnownCounters, type LegAnswer, type NoLeg, legFor } from '@sluice/rollout'
import type { PlannedLeg } from '../store/campaigns.ts'

/** Why a device that fits the targets, or was named as a canary, is not in a campaign. `device_gone`: it was removed meanwhile. */
export type LeftOutReason = NoLeg | 'canary_not_targeted' | 'no_artifact_to_go_back_to' | 'device_gone'
export type LeftOut = Partial<Record<LeftOutReason, number>>

export interface SortedOut {
  readonly planned: readonly { readonly device: Device; readonly leg: PlannedLeg; readonly downgrade: boolean }[]
  readonly leftOut: readonly { readonly device: Device; readonly reason: NoLeg }[]
}

/** What a device's reading of the path depends on: far fewer of these than devices. */
const MOST_KNOWN = 10_000

/** Sorts devices into those that take a leg and those that do not; what is equal for the path is looked up once. */
export function createSorter(
  path: readonly PlannedLeg[],
  policy: Policy,
  counters: KnownCounters,
): (devices: readonly Device[]) => SortedOut {
  const known = new Map<string, LegAnswer>()
  const answerFor = (device: Device): LegAnswer => {
    const { oui, productClass, hardwareVersion, softwareVersion } = device
    const like = JSON.stringify([oui, productClass, hardwareVersion, softwareVersion])
    const answer = known.get(like) ?? legFor(path, device, policy, counters)
    if (known.size >= MOST_KNOWN) known.clear()
    known.set(like, answer)
    return answer
  }
  return (devices) => {
    const planned: SortedOut['planned'][number][] = []
    const leftOut: SortedOut['leftOut'][number][] = []
    for (const device of devices) {
      const answer = answerFor(device)
      if (answer.kind === 'leg') planned.push({ device, leg: path[answer.index]!, downgrade: answer.downgrade })
      else leftOut.push({ device, reason: answer.reason })
    }
    return { planned, leftOut }
  }
}

/** The wave of each canary, by its readable name. */
export function canariesOf({ waves }: Pick<Policy, 'waves'>): ReadonlyMap<string, number> {
  return new Map(
    waves.flatMap(({ size }, index) =>
      'devices' in size ? size.devices.map((name) => [name, index + 1] as const) : [],
    ),
  )
}

/** By reason; canaries are counted once all devices have been seen. */
export function countLeftOut(
  leftOut: readonly { readonly device: Pick<Device, 'name'>; readonly reason: LeftOutReason }[],
  canaries: ReadonlyMap<string, number>,
): LeftOut {
  const counts: LeftOut = {}
  for (const { device, reason } of leftOut) {
    if (!canaries.has(device.name)) counts[reason] = (counts[reason] ?? 0) + 1
  }
  return counts
}
