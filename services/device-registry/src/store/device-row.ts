import type { Device } from '@sluice/contracts'

/** A device as its table has it, without the secret. */
export interface DeviceRow {
  readonly device_key: string
  readonly name: string
  readonly manufacturer: string
  readonly oui: string
  readonly product_class: string
  readonly serial_number: string
  readonly hardware_version: string | null
  readonly software_version: string | null
  readonly last_inform_at: number | null
  readonly first_seen_at: number
  readonly last_events: Device['lastEvents']
  readonly tags: string[]
  readonly username: string | null
}

export const DEVICE_COLUMNS = `device_key, name, manufacturer, oui, product_class, serial_number, hardware_version,
  software_version, last_inform_at, first_seen_at, last_events, tags, username`

export function deviceOf(row: DeviceRow): Device {
  return {
    deviceKey: row.device_key,
    name: row.name,
    manufacturer: row.manufacturer,
    oui: row.oui,
    productClass: row.product_class,
    serialNumber: row.serial_number,
    hardwareVersion: row.hardware_version,
    softwareVersion: row.software_version,
    lastInformAt: row.last_inform_at === null ? null : new Date(row.last_inform_at).toISOString(),
    firstSeenAt: new Date(row.first_seen_at).toISOString(),
    lastEvents: row.last_events,
    tags: row.tags,
    username: row.username,
  }
}
