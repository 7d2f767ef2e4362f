import { isVersionWithin } from '@sluice/versions'
import { deviceProfile } from './shipped/data-models.ts'
import type { ModelMatch, ModelProfile } from './model-profile.ts'

/** What is known of a device: model, software version, and the root its Inform shows. */
export interface KnownModel {
  readonly oui: string
  readonly productClass: string
  readonly hardwareVersion?: string | undefined
  readonly softwareVersion?: string | undefined
  readonly root?: 'Device.' | 'InternetGatewayDevice.' | undefined
}

/**
 * The profile that fits and names most; of equals the later one in the list, so that an operator's
 * own follow the shipped ones. Where none fits, the shipped one for `Device.`.
 */
export function profileFor(profiles: readonly ModelProfile[], model: KnownModel): ModelProfile {
  return profiles
    .filter((profile) => fits(profile.match, model))
    .reduce((best, next) => (named(next.match) >= named(best.match) ? next : best), { ...deviceProfile, match: {} })
}

/** Whether a device is one of these. What is named and not known of it does not fit. */
export function fits(match: ModelMatch, model: KnownModel): boolean {
  return (
    (match.oui === undefined || match.oui === model.oui) &&
    (match.productClass === undefined || match.productClass === model.productClass) &&
    (match.hardwareVersion === undefined || match.hardwareVersion === model.hardwareVersion) &&
    (match.softwareVersion === undefined || match.softwareVersion === model.softwareVersion) &&
    (match.root === undefined || match.root === model.root) &&
    isWithin(match, model.softwareVersion)
  )
}

function isWithin({ softwareVersionFrom: from, softwareVersionBelow: below }: ModelMatch, version?: string): boolean {
  if (from === undefined && below === undefined) return true
  return version !== undefined && isVersionWithin({ from, below }, version)
}

function named(match: ModelMatch): number {
  return Object.values(match).filter((value) => value !== undefined).length
}
