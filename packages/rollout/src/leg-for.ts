import { type VersionRange, compareVersions, isVersionWithin } from '@sluice/versions'

export interface ModelFit {
  readonly oui: string
  readonly productClass: string
  readonly hardwareVersions?: readonly string[] | undefined
}

/** One step of a campaign's way: who may take it, and what a device reports afterwards. */
export interface PathLeg {
  readonly fits: readonly ModelFit[]
  /** The exact SoftwareVersion strings that its artifact reports. */
  readonly softwareVersions: readonly string[]
  /** The versions it starts from. Absent: any, an unknown one too. */
  readonly from?: VersionRange | undefined
  /** Nobody is done here: the next leg follows. */
  readonly steppingStone?: boolean | undefined
  /** What its vendor signed of it. Absent: it goes by what is above alone. */
  readonly release?: ReleaseTerms | undefined
}

/** Who may take a leg beyond that its image fits them. */
export interface ReleaseTerms {
  readonly product: string
  /** Grows with every release of the product line. */
  readonly counter: number
  readonly models: readonly ModelFit[]
  /** Devices below do not take it from where they are. Absent: from any version, an unknown one too. */
  readonly minimumVersion?: string | undefined
  /** Whether devices may come to it from a higher counter. */
  readonly allowDowngrade: boolean
}

/** Which counter stands behind a version that devices of a model report, by `counterKey`. */
export type KnownCounters = ReadonlyMap<string, number>

/** Whose key may not sign for a model can name its product line all the same: on each model a line counts for itself. */
export function counterKey(
  product: string,
  { oui, productClass }: Pick<ModelFit, 'oui' | 'productClass'>,
  version: string,
): string {
  return JSON.stringify([product, oui, productClass, version])
}

/** As the device itself or the inventory tells it. */
export interface DeviceOnPath {
  readonly oui: string
  readonly productClass: string
  readonly hardwareVersion: string | null
  readonly softwareVersion: string | null
}

export interface PathRules {
  readonly allowDowngrade?: boolean | undefined
  readonly allowSameVersion?: boolean | undefined
}

export type NoLeg =
  | 'model_does_not_fit'
  /** The image fits it, and its release does not name it. */
  | 'not_released_for_model'
  | 'already_on_target'
  | 'version_unknown'
  | 'no_leg_from_this_version'
  /** Its version is below what the release starts from. */
  | 'below_minimum_version'
  | 'downgrade'

export type LegAnswer =
  | { readonly kind: 'leg'; /** From 0. */ readonly index: number; readonly downgrade: boolean }
  | { readonly kind: 'none'; readonly reason: NoLeg }

const none = (reason: NoLeg): LegAnswer => ({ kind: 'none', reason })

const NOTHING_KNOWN: KnownCounters = new Map()

/**
 * Which leg a device takes next: the first one that fits its model and its version. A stepping stone it stands on is
 * behind it. Who reports what a last leg reports is there, unless the same version is wanted again.
 */
export function legFor(
  path: readonly PathLeg[],
  device: DeviceOnPath,
  rules: PathRules = {},
  counters: KnownCounters = NOTHING_KNOWN,
): LegAnswer {
  const { softwareVersion: version } = device
  const fitting = path.map((leg, index) => ({ ...leg, index })).filter(({ fits }) => fitsModel(fits, device))
  if (fitting.length === 0) return none('model_does_not_fit')
  const ofModel = fitting.filter(({ release }) => release === undefined || fitsModel(release.models, device))
  if (ofModel.length === 0) return none('not_released_for_model')
  const last = ofModel.filter((leg) => leg.steppingStone !== true && reports(leg, version))
  if (last.length > 0 && rules.allowSameVersion !== true) return none('already_on_target')

  const open = last.length > 0 ? last : ofModel.filter((leg) => !reports(leg, version))
  const starting = open.filter((each) => startsFrom(each.from, version))
  const leg = starting.find(({ release }) => startsFrom({ from: release?.minimumVersion }, version))
  if (leg === undefined) {
    if (version === null) return none('version_unknown')
    return none(starting.length > 0 ? 'below_minimum_version' : 'no_leg_from_this_version')
  }
  const downgrade = version !== null && isDowngrade(leg, device, version, counters)
  const isAgreed = rules.allowDowngrade === true || leg.release?.allowDowngrade === true
  return downgrade && !isAgreed ? none('downgrade') : { kind: 'leg', index: leg.index, downgrade }
}

/** An image for certain hardware versions fits no device whose hardware version is not known. */
export function fitsModel(
  fits: readonly ModelFit[],
  { oui, productClass, hardwareVersion }: Omit<DeviceOnPath, 'softwareVersion'>,
): boolean {
  return fits.some(
    (fit) =>
      fit.oui === oui &&
      fit.productClass === productClass &&
      (fit.hardwareVersions === undefined ||
        (hardwareVersion !== null && fit.hardwareVersions.includes(hardwareVersion))),
  )
}

function reports({ softwareVersions }: PathLeg, version: string | null): boolean {
  return version !== null && softwareVersions.includes(version)
}

function startsFrom(range: VersionRange = {}, version: string | null): boolean {
  if (range.from === undefined && range.below === undefined) return true
  return version !== null && isVersionWithin(range, version)
}

/** By the counters where both are known; else older than the device's, whichever of its strings it will report. */
function isDowngrade(
  { softwareVersions, release }: PathLeg,
  device: DeviceOnPath,
  version: string,
  counters: KnownCounters,
): boolean {
  const runs = release && counters.get(counterKey(release.product, device, version))
  if (release !== undefined && runs !== undefined) return release.counter < runs
  return softwareVersions.every((target) => compareVersions(version, target) > 0)
}
