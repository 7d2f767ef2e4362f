import { credentialChanged } from '@sluice/contracts'
import type { Ids } from '@sluice/runtime'
import type { OutEntry } from '@sluice/sql'

/** As many as one event may name. */
const MOST_IN_ONE = 1_000

/** Has gateways forget what they remember of the credentials of these devices. */
export function tellGateways(ids: Ids, deviceKeys: readonly string[], actor: string, at: number): OutEntry[] {
  const entries: OutEntry[] = []
  for (let from = 0; from < deviceKeys.length; from += MOST_IN_ONE) {
    entries.push({
      direction: 'out',
      id: ids.event(),
      kind: credentialChanged.name,
      key: 'all',
      at,
      actor,
      data: { deviceKeys: deviceKeys.slice(from, from + MOST_IN_ONE) },
    })
  }
  return entries
}
