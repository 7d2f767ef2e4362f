import type { Device, Policy } from '@sluice/contracts'
import type { PlannedLeg } from '../store/campaigns.ts'
import { type LeftOutReason, type SortedOut, canariesOf } from './sort-out.ts'

/** Lines of a table that people read. */
const MOST_MODELS = 1_000
const MOST_EXAMPLES = 5

export interface ModelLine {
  readonly oui: string
  readonly productClass: string
  readonly softwareVersion: string | null
  readonly toVersion: string
  devices: number
}

/** What is seen of the devices of a campaign, in memory that does not grow with them. */
export interface Survey {
  readonly devices: number
  /** The most frequent first; beyond a thousand kinds they are counted together. */
  readonly byModel: readonly ModelLine[]
  readonly unlistedModels: number
  readonly leftOut: readonly { readonly reason: LeftOutReason; readonly devices: number; readonly examples: string[] }[]
  /** How many of each canary wave are there. */
  readonly canaries: ReadonlyMap<number, number>
  readonly withoutZone: number
  readonly withoutSite: number
  readonly downgrades: number
  readonly versionUnknown: number
  readonly sameVersion: number
  /** Devices whose first leg leads to a stepping stone. */
  readonly overStones: number
  /** Of the largest image that is needed. */
  readonly imageBytes: number
}

export interface Surveyor {
  see(page: SortedOut): void
  end(): Survey
}

export function createSurveyor(policy: Policy): Surveyor {
  const named = canariesOf(policy)
  const missing = new Set(named.keys())
  const models = new Map<string, ModelLine>()
  const reasons = new Map<LeftOutReason, { devices: number; examples: string[] }>()
  const canaries = new Map<number, number>()
  const counts = {
    devices: 0,
    unlistedModels: 0,
    withoutZone: 0,
    withoutSite: 0,
    downgrades: 0,
    versionUnknown: 0,
    sameVersion: 0,
    overStones: 0,
    imageBytes: 0,
  }

  const leaveOut = (reason: LeftOutReason, name: string): void => {
    const known = reasons.get(reason) ?? { devices: 0, examples: [] }
    reasons.set(reason, known)
    known.devices += 1
    if (known.examples.length < MOST_EXAMPLES) known.examples.push(name)
  }
  const countModel = ({ oui, productClass, softwareVersion }: Device, { version: toVersion }: PlannedLeg): void => {
    const key = JSON.stringify([oui, productClass, softwareVersion, toVersion])
    const line = models.get(key)
    if (line !== undefined) line.devices += 1
    else if (models.size < MOST_MODELS) models.set(key, { oui, productClass, softwareVersion, toVersion, devices: 1 })
    else counts.unlistedModels += 1
  }

  return {
    see({ planned, leftOut }) {
      for (const { device, reason } of leftOut) if (!named.has(device.name)) leaveOut(reason, device.name)
      for (const { device, leg, downgrade } of planned) {
        const { softwareVersion: version } = device
        counts.devices += 1
        countModel(device, leg)
        const wave = named.get(device.name)
        if (wave !== undefined) canaries.set(wave, (canaries.get(wave) ?? 0) + 1)
        missing.delete(device.name)
        counts.withoutZone += Number(device.zone === null)
        counts.withoutSite += Number(device.site === null)
        counts.downgrades += Number(downgrade)
        counts.versionUnknown += Number(version === null)
        counts.sameVersion += Number(version !== null && leg.softwareVersions.includes(version))
        counts.overStones += Number(leg.steppingStone === true)
        counts.imageBytes = Math.max(counts.imageBytes, leg.size)
      }
    },
    end() {
      for (const name of missing) leaveOut('canary_not_targeted', name)
      return {
        ...counts,
        canaries,
        byModel: [...models.values()].toSorted((a, b) => b.devices - a.devices),
        leftOut: [...reasons]
          .map(([reason, seen]) => ({ reason, ...seen }))
          .toSorted((a, b) => b.devices - a.devices || (a.reason < b.reason ? -1 : 1)),
      }
    },
  }
}
