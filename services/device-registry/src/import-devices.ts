import { type ImportedDevice, credentialChanged, deviceKeyOf, deviceNameOf } from '@sluice/contracts'
import type { Ids } from '@sluice/runtime'
import { type Journal, type Queryable, json } from '@sluice/sql'
import type { Seal } from './seal.ts'

/** Brings devices in, and lets gateways forget the credentials that were replaced. One transaction of the caller. */
export async function importDevices(
  tx: Queryable,
  parts: { readonly journal: Journal; readonly seal: Seal; readonly ids: Ids },
  items: readonly ImportedDevice[],
  now: number,
): Promise<{ created: number; updated: number }> {
  const rows = rowsOf(items, parts.seal, now)
  const written = await tx.query<{ created: boolean }>(
    `insert into registry.devices as devices (device_key, name, manufacturer, oui, product_class, serial_number, first_seen_at, tags,
       username, sealed_password)
     select device_key, name, manufacturer, oui, product_class, serial_number, first_seen_at,
       array(select jsonb_array_elements_text(coalesce(tags, '[]'))), username, decode(sealed_password, 'base64')
     from jsonb_to_recordset($1::jsonb) as imported(device_key text, name text, manufacturer text, oui text,
       product_class text, serial_number text, first_seen_at bigint, tags jsonb, username text, sealed_password text)
     order by device_key
     on conflict (device_key) do update set
       tags = case when $2::jsonb ? devices.device_key then excluded.tags else devices.tags end,
       username = coalesce(excluded.username, devices.username),
       sealed_password = coalesce(excluded.sealed_password, devices.sealed_password)
     returning (xmax = 0) as created`,
    [json(rows), json(rows.filter((row) => row.tags !== null).map((row) => row.device_key))],
  )
  const rekeyed = rows.filter((row) => row.sealed_password !== null).map((row) => row.device_key)
  if (rekeyed.length > 0) {
    await parts.journal.append(tx, [
      {
        direction: 'out',
        id: parts.ids.event(),
        kind: credentialChanged.name,
        key: 'all',
        at: now,
        actor: 'service:device-registry',
        data: { deviceKeys: rekeyed },
      },
    ])
  }
  const created = written.filter((row) => row.created).length
  return { created, updated: written.length - created }
}

/** The last mention of a device in one import counts. */
function rowsOf(items: readonly ImportedDevice[], seal: Seal, now: number) {
  const rows = items.map((item) => {
    const deviceKey = deviceKeyOf(item)
    const name = deviceNameOf(item)
    return {
      device_key: deviceKey,
      name,
      manufacturer: item.manufacturer ?? '',
      oui: item.oui,
      product_class: item.productClass,
      serial_number: item.serialNumber,
      first_seen_at: now,
      tags: item.tags ?? null,
      // TR-069 3.4.4: without a user name of its own a device authenticates by its readable name.
      username: item.password === undefined ? (item.username ?? null) : (item.username ?? name),
      sealed_password:
        item.password === undefined ? null : Buffer.from(seal.close(deviceKey, item.password)).toString('base64'),
    }
  })
  return [...new Map(rows.map((row) => [row.device_key, row])).values()]
}
