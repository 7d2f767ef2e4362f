import type { Upgrade, UpgradeCore } from './upgrade.ts'

/** What one leg gives a device. */
export interface Release {
  artifactId: string
  /** The exact SoftwareVersion strings the artifact reports. */
  targetVersions: string[]
  imageBytes: number
  hosting: 'ours' | 'operator'
  /** Nobody is done on this version. */
  steppingStone: boolean
}

/** The upgrade with another leg's image. Only what is not offered may be retargeted: an attempt is judged by its own target. */
export function retarget<T extends UpgradeCore>(upgrade: T, release: Release): T {
  const { steppingStone: _, ...core } = upgrade
  const { targetVersions, imageBytes, hosting, steppingStone } = release
  return { ...(core as T), targetVersions, imageBytes, hosting, ...(steppingStone && { steppingStone }) }
}

/** Whether the device is where its leg leads, and that is not where its way ends. Whose settings were lost goes on only where that was declared. */
export function isSteppingStoneReached(upgrade: Upgrade, configLossDeclared = false): boolean {
  if (upgrade.steppingStone !== true || upgrade.state !== 'settled') return false
  const { kind } = upgrade.outcome
  return kind === 'verified' || (kind === 'verified_config_lost' && configLossDeclared)
}
