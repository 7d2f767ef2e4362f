import { type DataOf, deviceChanged, shardOf } from '@sluice/contracts'
import type { Ids } from '@sluice/runtime'
import type { OutEntry } from '@sluice/sql'

export type Changed = DataOf<typeof deviceChanged>['items'][number]

/** As many as one event may name. */
const MOST_IN_ONE = 500

/** Says of devices that an operator moved or removed them: campaigns have a copy of their site and zone. */
export function tellCampaigns(ids: Ids, items: readonly Changed[], actor: string, at: number): OutEntry[] {
  const entries: OutEntry[] = []
  for (let from = 0; from < items.length; from += MOST_IN_ONE) {
    const some = items.slice(from, from + MOST_IN_ONE)
    const data: DataOf<typeof deviceChanged> = { items: some }
    entries.push({
      direction: 'out',
      id: ids.event(),
      kind: deviceChanged.name,
      key: shardOf(some[0]!.deviceKey),
      at,
      actor,
      data,
    })
  }
  return entries
}
