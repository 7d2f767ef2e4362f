import { pageOf } from '@sluice/bus'
import {
  type Device,
  type InputOf,
  type OutputOf,
  type Reply,
  answered,
  type deviceList,
  refused,
  strangeCursor,
} from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { DEVICE_COLUMNS, type DeviceRow, deviceOf } from '../store/device-row.ts'
import { scanDevices } from './scan-devices.ts'
import { wantedOf } from './wanted-devices.ts'

/** Of one answer: some tenths of a second. */
const MOST_SCANNED = 20_000

type Reading = Pick<Parts, 'sql' | 'profiles'>

/**
 * A page of devices in the order of their keys, no longer than a message; the cursor is the last key that was looked at.
 * A page may be short or empty before the last one: how much is looked at for one is bounded.
 */
export async function listDevices(
  { sql, profiles, clock }: Reading & Pick<Parts, 'clock'>,
  { filter, changedSince, cursor, limit }: InputOf<typeof deviceList>,
): Promise<Reply<OutputOf<typeof deviceList>>> {
  const strange = strangeCursor('device', cursor)
  if (strange !== undefined) return strange
  const found = wantedOf(filter, changedSince)
  if (found.kind === 'wrong') return refused('invalid_request', found.detail)
  const scan = { wanted: found.wanted, after: cursor ?? '', limit, now: clock.now(), most: MOST_SCANNED }
  const { keys, next } = await scanDevices(sql, scan)
  const devices = await devicesOf({ sql, profiles }, keys)
  const items = pageOf(devices, limit)
  return answered({ items, next: items.length < devices.length ? (items.at(-1)?.deviceKey ?? null) : next })
}

async function devicesOf({ sql, profiles }: Reading, keys: readonly string[]): Promise<Device[]> {
  if (keys.length === 0) return []
  // One look at the index for each: of a list, a plan may read the whole table instead.
  const rows = await sql.query<DeviceRow>(
    `select device.* from unnest($1::text[]) as wanted (key)
       cross join lateral (select ${DEVICE_COLUMNS} from registry.devices where device_key = wanted.key limit 1) as device
     order by device.device_key`,
    [keys],
  )
  const profileOf = await profiles.naming()
  return rows.map((row) => deviceOf(row, profileOf(row)))
}

export async function getDevice({ sql, profiles }: Reading, keyOrName: string): Promise<Device | undefined> {
  const [row] = await sql.query<DeviceRow>(
    `select ${DEVICE_COLUMNS} from registry.devices where device_key = $1 or name = $1`,
    [keyOrName],
  )
  if (row === undefined) return undefined
  const profileOf = await profiles.naming()
  return deviceOf(row, profileOf(row))
}
