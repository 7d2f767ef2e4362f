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
  | 'already_on_target'
  | 'version_unknown'
  | 'no_leg_from_this_version'
  | 'downgrade'

export type LegAnswer =
  | { readonly kind: 'leg'; /** From 0. */ readonly index: number; readonly downgrade: boolean }
  | { readonly kind: 'none'; readonly reason: NoLeg }

const none = (reason: NoLeg): LegAnswer => ({ kind: 'none', reason })

/**
 * Which leg a device takes next: the first one that fits its model and its version. A stepping stone it stands on is
 * behind it. Who reports what a last leg reports is there, unless the same version is wanted again.
 */
export function legFor(path: readonly PathLeg[], device: DeviceOnPath, rules: PathRules = {}): LegAnswer {
  const { softwareVersion: version } = device
  const ofModel = path.map((leg, index) => ({ ...leg, index })).filter(({ fits }) => fitsModel(fits, device))
  if (ofModel.length === 0) return none('model_does_not_fit')
  const last = ofModel.filter((leg) => leg.steppingStone !== true && reports(leg, version))
  if (last.length > 0 && rules.allowSameVersion !== true) return none('already_on_target')

  const open = last.length > 0 ? last : ofModel.filter((leg) => !reports(leg, version))
  const leg = open.find((each) => startsFrom(each, version))
  if (leg === undefined) return none(version === null ? 'version_unknown' : 'no_leg_from_this_version')
  const downgrade = version !== null && isDowngrade(leg, version)
  return downgrade && rules.allowDowngrade !== true ? none('downgrade') : { kind: 'leg', index: leg.index, downgrade }
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

function startsFrom({ from }: PathLeg, version: string | null): boolean {
  if (from === undefined || (from.from === undefined && from.below === undefined)) return true
  return version !== null && isVersionWithin(from, version)
}

/** Older than the device's, whichever of its strings it will report. */
function isDowngrade({ softwareVersions }: PathLeg, version: string): boolean {
  return softwareVersions.every((target) => compareVersions(version, target) > 0)
}
