import type { Device } from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'
import { toMs } from '../parts.ts'
import { changesOf } from '../store/device-changes.ts'

type Placed = Pick<Device, 'deviceKey' | 'site' | 'zone'> & Partial<Pick<Device, 'firstSeenAt'>>

/**
 * Devices of a page of the inventory as they are when it is written: what was heard of them since it was read found no
 * upgrade that could follow. `gone`: those that were removed. One that came again after that has been seen for the first
 * time since. The caller has locked the campaign: whoever hears of a change after this finds the upgrades.
 */
export async function asLastHeard<T extends Placed, P extends { readonly device: T }>(
  tx: Queryable,
  page: readonly P[],
): Promise<{ readonly here: P[]; readonly gone: P[] }> {
  const here: P[] = []
  const gone: P[] = []
  const changes = await changesOf(
    tx,
    page.map(({ device }) => device.deviceKey),
  )
  for (const one of page) {
    const { deviceKey, firstSeenAt } = one.device
    const change = changes.get(deviceKey)
    if (change?.kind === 'moved') {
      const { site, zone } = change
      here.push({ ...one, device: { ...one.device, site, zone } })
    } else if (change?.kind === 'removed' && wasThere(firstSeenAt, change.at)) gone.push(one)
    else here.push(one)
  }
  return { here, gone }
}

/** Of a device that the inventory was not asked for, it is not known. */
const wasThere = (firstSeenAt: string | undefined, at: string): boolean =>
  firstSeenAt !== undefined && toMs(firstSeenAt) <= toMs(at)
