import { type DeviceIdentity, deviceKeyOf, deviceNameOf } from '@sluice/contracts'
import type { Sql } from '@sluice/sql'

export const OUI = '02BE7C'
export const PRODUCT_CLASS = 'BenchBox'
export const OLD_VERSION = '1.0.0'
export const NEW_VERSION = '2.0.0'

export interface FleetDevice extends DeviceIdentity {
  readonly deviceKey: string
  readonly name: string
}

export function fleetDevice(index: number): FleetDevice {
  const identity = { oui: OUI, productClass: PRODUCT_CLASS, serialNumber: `F${String(index).padStart(8, '0')}` }
  return { ...identity, deviceKey: deviceKeyOf(identity), name: deviceNameOf(identity) }
}

const PAGE = 20_000

/** Devices straight into the inventory's table, as they stand after a first Inform; those of before stay. */
export async function fillRegistry(sql: Sql, from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += PAGE) {
    const devices = Array.from({ length: Math.min(PAGE, to - start) }, (_, index) => fleetDevice(start + index))
    await sql.query(
      `insert into registry.devices (device_key, name, manufacturer, oui, product_class, serial_number, hardware_version,
         software_version, last_inform_at, first_seen_at, changed_at)
       select key, name, 'Bench', $4, $5, serial, 'H1', $6, $7, $7, $7
       from unnest($1::text[], $2::text[], $3::text[]) as t(key, name, serial) order by key on conflict do nothing`,
      [
        devices.map(({ deviceKey }) => deviceKey),
        devices.map(({ name }) => name),
        devices.map(({ serialNumber }) => serialNumber),
        OUI,
        PRODUCT_CLASS,
        OLD_VERSION,
        Date.now(),
      ],
    )
  }
  await sql.query('analyze registry.devices')
}
