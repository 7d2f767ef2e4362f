import {
  type ImportedDevice,
  type InputOf,
  type deviceImport,
  credentialChanged,
  deviceKeyOf,
  deviceNameOf,
} from '@sluice/contracts'
import type { Ids } from '@sluice/runtime'
import { type Journal, type OutEntry, type Queryable, json } from '@sluice/sql'
import type { Seal } from './seal.ts'

/** Which devices an import touched is kept for the audit trail up to so many of them. */
const MAX_NOTED = 100

/**
 * Brings devices in, lets gateways forget the credentials that were replaced, and notes who did it. One transaction of
 * the caller.
 */
export async function importDevices(
  tx: Queryable,
  parts: { readonly journal: Journal; readonly seal: Seal; readonly ids: Ids },
  { items, actor }: InputOf<typeof deviceImport>,
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
  const created = written.filter((row) => row.created).length
  const counts = { created, updated: written.length - created }
  // A user name that comes again unchanged is counted too: what is forgotten for nothing is only asked for again.
  const rekeyed = rows.filter((row) => row.sealed_password !== null || row.username !== null).map(keyOf)
  await parts.journal.append(tx, [
    {
      direction: 'note',
      kind: 'device.imported',
      at: now,
      actor,
      data: { ...counts, rekeyed: rekeyed.length, deviceKeys: rows.slice(0, MAX_NOTED).map(keyOf) },
    },
    ...(rekeyed.length === 0 ? [] : [forget(rekeyed, parts.ids.event(), actor, now)]),
  ])
  return counts
}

function forget(deviceKeys: readonly string[], id: string, actor: string, at: number): OutEntry {
  return { direction: 'out', id, kind: credentialChanged.name, key: 'all', at, actor, data: { deviceKeys } }
}

function keyOf(row: { readonly device_key: string }): string {
  return row.device_key
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
