import type { Upgrade } from '@sluice/contracts'
import type { DeviceState } from '@sluice/device-simulator'

export const OUTCOMES = ['verified', 'settings lost', 'image refused', 'rolled back', 'silent', 'not touched'] as const
export type OutcomeName = (typeof OUTCOMES)[number] | 'other'

/** What the system believes of one upgrade, in the demo's words. */
export function believed(upgrade: Upgrade): OutcomeName {
  if (upgrade.attempts === 0) return 'not touched'
  switch (upgrade.state) {
    case 'verified':
      return 'verified'
    case 'verified_config_lost':
      return 'settings lost'
    case 'rolled_back':
      return 'rolled back'
    case 'failed':
      return upgrade.reason === 'image_rejected' ? 'image refused' : 'other'
    case 'timed_out':
      return upgrade.countsAs === 'silent' ? 'silent' : 'other'
    default:
      return 'other'
  }
}

/** What the device itself wrote down; not touched, where none of its Downloads is of this campaign. */
export function recorded(state: DeviceState, attemptId: string | null): OutcomeName {
  if (attemptId === null || state.downloadsReceivedByCommandKey[attemptId] === undefined) return 'not touched'
  switch (state.outcomeAsDeviceSeesIt) {
    case 'running_new':
      return state.settingsIntact ? 'verified' : 'settings lost'
    case 'running_new_settings_lost':
      return 'settings lost'
    case 'refused':
      return 'image refused'
    case 'fell_back':
      return 'rolled back'
    case 'silent':
      return 'silent'
    default:
      return 'other'
  }
}

export interface Comparison {
  readonly believed: Readonly<Record<OutcomeName, number>>
  readonly recorded: Readonly<Record<OutcomeName, number>>
  /** One line per device that tells another story than the system. */
  readonly differences: readonly string[]
}

/** Device by device: the system's outcome against the device's own record; and no Download may have come twice. */
export function compare(upgrades: readonly Upgrade[], states: readonly DeviceState[]): Comparison {
  const byName = new Map(states.map((state) => [state.deviceName, state]))
  const sums = { believed: noOutcomes(), recorded: noOutcomes() }
  const differences: string[] = []
  for (const upgrade of upgrades) {
    const state = byName.get(upgrade.deviceName)
    if (state === undefined) {
      differences.push(`${upgrade.deviceName}: there is no such device`)
      continue
    }
    const [one, other] = [believed(upgrade), recorded(state, upgrade.attemptId)]
    sums.believed[one] += 1
    sums.recorded[other] += 1
    if (one !== other)
      differences.push(
        `${upgrade.deviceName}: believed ${one} (${upgrade.state} ${upgrade.reason}), recorded ${other} (${state.outcomeAsDeviceSeesIt})`,
      )
    const twice = Object.entries(state.downloadsReceivedByCommandKey).filter(([, count]) => count > 1)
    for (const [key] of twice) differences.push(`${upgrade.deviceName}: Download ${key} came more than once`)
  }
  if (upgrades.length !== states.length) differences.push(`${upgrades.length} upgrades for ${states.length} devices`)
  return { ...sums, differences }
}

function noOutcomes(): Record<OutcomeName, number> {
  return Object.fromEntries([...OUTCOMES, 'other'].map((name) => [name, 0])) as Record<OutcomeName, number>
}
