import { type InformedDevice, deviceNameOf } from '@sluice/contracts'
import { type Queryable, json } from '@sluice/sql'

/**
 * Writes what devices reported, in one statement. Idempotent, and in any order: an older Inform never
 * overwrites a newer one.
 */
export async function recordInforms(tx: Queryable, items: readonly InformedDevice[]): Promise<void> {
  const newest = newestPerDevice(items)
  if (newest.length === 0) return
  const rows = newest.map((item) => ({
    device_key: item.deviceKey,
    name: deviceNameOf(item),
    manufacturer: item.manufacturer,
    oui: item.oui,
    product_class: item.productClass,
    serial_number: item.serialNumber,
    hardware_version: item.hardwareVersion ?? null,
    software_version: item.softwareVersion ?? null,
    last_inform_at: Date.parse(item.at),
    last_events: item.events,
    connection_request_url: item.connectionRequestUrl ?? null,
  }))
  await tx.query(
    `insert into registry.devices as devices (device_key, name, manufacturer, oui, product_class, serial_number, hardware_version,
       software_version, last_inform_at, first_seen_at, last_events, connection_request_url)
     select device_key, name, manufacturer, oui, product_class, serial_number, hardware_version,
       software_version, last_inform_at, last_inform_at, last_events, connection_request_url
     from jsonb_to_recordset($1::jsonb) as informed(device_key text, name text, manufacturer text, oui text,
       product_class text, serial_number text, hardware_version text, software_version text, last_inform_at bigint,
       last_events jsonb, connection_request_url text)
     order by device_key
     on conflict (device_key) do update set
       manufacturer = excluded.manufacturer,
       hardware_version = coalesce(excluded.hardware_version, devices.hardware_version),
       software_version = coalesce(excluded.software_version, devices.software_version),
       last_inform_at = excluded.last_inform_at,
       last_events = excluded.last_events,
       connection_request_url = coalesce(excluded.connection_request_url, devices.connection_request_url)
     where devices.last_inform_at is null or devices.last_inform_at <= excluded.last_inform_at`,
    [json(rows)],
  )
}

function newestPerDevice(items: readonly InformedDevice[]): InformedDevice[] {
  const byDevice = new Map<string, InformedDevice>()
  for (const item of items) {
    const known = byDevice.get(item.deviceKey)
    if (known === undefined || Date.parse(known.at) <= Date.parse(item.at)) byDevice.set(item.deviceKey, item)
  }
  return [...byDevice.values()]
}
