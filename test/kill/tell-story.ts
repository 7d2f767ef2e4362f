import { deviceKeyOf } from '@sluice/contracts'
import type { Aftermath } from './kill-at-stage.ts'

/** What the journal and the device say, side by side, of the first upgrade that a violation names: for whoever reads a failed test. */
export function tellStory({ violations, moves, lines }: Aftermath): string {
  const upgradeId = violations.map(({ detail }) => /upg_\w+/.exec(detail)?.[0]).find((id) => id !== undefined)
  const own = moves.filter((move) => move.upgradeId === upgradeId)
  const ours = own.map(({ at, fact, attemptId, to }) => `${new Date(at).toISOString()} ${fact} ${attemptId} -> ${to}`)
  const theirs = lines
    .filter(({ deviceName }) => keyOf(deviceName) === own[0]?.deviceKey)
    .map(({ at, what, ...rest }) => `${at}    ${what} ${JSON.stringify(rest)}`)
  return [`${violations.length} violations; of ${upgradeId}:`, ...[...ours, ...theirs].toSorted()].join('\n')
}

function keyOf(deviceName: string): string {
  const [oui = '', productClass = '', serialNumber = ''] = deviceName.split('-').map(decodeURIComponent)
  return deviceKeyOf({ oui, productClass, serialNumber })
}
