import type { Upgrade } from '@sluice/contracts'
import type { DeviceState } from '@sluice/device-simulator'

export const OUTCOMES = ['verified', 'settings lost', 'image refused', 'rolled back', 'silent', 'not touched'] as const
export type OutcomeName = (typeof OUTCOMES)[number] | 'other'

const BELIEVED: Partial<Record<Upgrade['state'], OutcomeName>> = {
  verified: 'verified',
  verified_config_lost: 'settings lost',
  rolled_back: 'rolled back',
}

/** What the system believes of one upgrade, in the demo's words. */
export function believed({ attempts, state, reason, countsAs }: Upgrade): OutcomeName {
  if (attempts === 0) return 'not touched'
  if (state === 'failed' && reason === 'image_rejected') return 'image refused'
  if (state === 'timed_out' && countsAs === 'silent') return 'silent'
  return BELIEVED[state] ?? 'other'
}

const RECORDED: Partial<Record<DeviceState['outcomeAsDeviceSeesIt'], OutcomeName>> = {
  running_new: 'verified',
  running_new_settings_lost: 'settings lost',
  refused: 'image refused',
  fell_back: 'rolled back',
  silent: 'silent',
}

/** What the device itself wrote down; not touched, where none of its Downloads is of this campaign. */
export function recorded(state: DeviceState, attemptId: string | null): OutcomeName {
  if (attemptId === null || state.downloadsReceivedByCommandKey[attemptId] === undefined) return 'not touched'
  if (state.outcomeAsDeviceSeesIt === 'running_new' && !state.settingsIntact) return 'settings lost'
  return RECORDED[state.outcomeAsDeviceSeesIt] ?? 'other'
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
