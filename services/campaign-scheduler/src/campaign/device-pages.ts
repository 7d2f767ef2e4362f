import {
  type Device,
  type DeviceFilter,
  type Reply,
  type RetriedOutcome,
  type RetryOf,
  answered,
} from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { nextEnded } from '../store/ended-devices.ts'
import { type AskInventory, createInventoryPages } from './inventory-pages.ts'

export interface DevicePage {
  readonly items: readonly Device[]
  readonly next: string | null
}

/** The next page after the cursor, in the order of device keys; it may be empty before the last one. */
export type ReadDevices = (cursor: string | null) => Promise<Reply<DevicePage>>

/** What went wrong, and may go right now. */
const WENT_WRONG: readonly RetriedOutcome[] = ['failed', 'rolled_back', 'regressed', 'timed_out']

/** Reads the devices that a campaign is for, as the inventory has them now. */
export function createDevicePages(
  parts: Pick<Parts, 'bus' | 'sql' | 'settings'>,
  targets: DeviceFilter,
  retryOf: RetryOf | null,
): ReadDevices {
  const ask = createInventoryPages(parts)
  if (retryOf === null) return (cursor) => ask({ filter: targets, ...(cursor !== null && { cursor }) })
  const wanted = targets.deviceKeys && new Set(targets.deviceKeys)
  const { campaignId, endedAs = WENT_WRONG } = retryOf
  return async (cursor) => {
    const { keys, next } = await nextEnded(parts.sql, campaignId, endedAs, cursor ?? '', parts.settings.planPageSize)
    const deviceKeys = wanted === undefined ? keys : keys.filter((key) => wanted.has(key))
    if (deviceKeys.length === 0) return answered({ items: [], next })
    const found = await askForAll(ask, { ...targets, deviceKeys })
    return found.ok ? answered({ items: found.data, next }) : found
  }
}

/** No more than the filter names. */
async function askForAll(ask: AskInventory, filter: DeviceFilter): Promise<Reply<Device[]>> {
  const items: Device[] = []
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<AskInventory>> = await ask({ filter, ...(cursor !== null && { cursor }) })
    if (!page.ok) return page
    items.push(...page.data.items)
    cursor = page.data.next
  } while (cursor !== null)
  return answered(items)
}
