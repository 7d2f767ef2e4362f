import type { ImportedDevice } from '@sluice/contracts'
import { type Queryable, json } from '@sluice/sql'
import type { Changed } from './tell-campaigns.ts'

/** A device as an import mentions it last. */
export interface Mentioned {
  readonly deviceKey: string
  readonly name: string
  readonly item: ImportedDevice
}

interface PlaceRow {
  readonly device_key: string
  readonly site: string | null
  readonly zone: string | null
}

/** What a device has told of itself is newer than what is brought in. Answers how many are new, and who was moved. */
export async function writeImported(
  tx: Queryable,
  devices: readonly Mentioned[],
  now: number,
): Promise<{ readonly created: number; readonly moved: Changed[] }> {
  const before = await placesOf(tx, devices)
  const rows = devices.map(({ deviceKey, name, item }) => ({
    device_key: deviceKey,
    name,
    manufacturer: item.manufacturer ?? '',
    oui: item.oui,
    product_class: item.productClass,
    serial_number: item.serialNumber,
    now,
    tags: item.tags ?? null,
    connection_request_url: item.connectionRequestUrl ?? null,
    site: item.site ?? null,
    region: item.region ?? null,
    access_node: item.accessNode ?? null,
    zone: item.zone ?? null,
  }))
  const written = await tx.query<PlaceRow & { created: boolean }>(
    `insert into registry.devices as devices (device_key, name, manufacturer, oui, product_class, serial_number,
       first_seen_at, changed_at, tags, connection_request_url, site, region, access_node, zone)
     select device_key, name, manufacturer, oui, product_class, serial_number, now, now,
       array(select jsonb_array_elements_text(coalesce(tags, '[]'))), connection_request_url, site, region, access_node, zone
     from jsonb_to_recordset($1::jsonb) as imported(device_key text, name text, manufacturer text, oui text,
       product_class text, serial_number text, now bigint, tags jsonb, connection_request_url text,
       site text, region text, access_node text, zone text)
     order by device_key
     on conflict (device_key) do update set
       ${TARGETED.map(({ column, value }) => `${column} = ${value}`).join(', ')},
       changed_at = case when (${TARGETED.map(({ value }) => value).join(', ')})
           is distinct from (${TARGETED.map(({ column }) => `devices.${column}`).join(', ')})
         then excluded.changed_at else devices.changed_at end,
       connection_request_url = case when devices.last_inform_at is null
         then coalesce(excluded.connection_request_url, devices.connection_request_url)
         else coalesce(devices.connection_request_url, excluded.connection_request_url) end
     returning device_key, site, zone, (xmax = 0) as created`,
    [json(rows), json(rows.filter((row) => row.tags !== null).map((row) => row.device_key))],
  )
  const at = new Date(now).toISOString()
  const moved = written
    .filter((row) => !row.created && before !== undefined && isMoved(before.get(row.device_key), row))
    .map(({ device_key, site, zone }): Changed => ({ kind: 'moved', deviceKey: device_key, site, zone, at }))
  return { created: written.filter((row) => row.created).length, moved }
}

/** What targets ask for, and what becomes of it: what an import is silent about stays. */
const TARGETED = [
  { column: 'tags', value: 'case when $2::jsonb ? devices.device_key then excluded.tags else devices.tags end' },
  ...['site', 'region', 'access_node', 'zone'].map((column) => ({
    column,
    value: `coalesce(excluded.${column}, devices.${column})`,
  })),
]

/** Where those stand that are there already, held until the commit; undefined where the import says nothing of places. */
async function placesOf(
  tx: Queryable,
  devices: readonly Mentioned[],
): Promise<ReadonlyMap<string, PlaceRow> | undefined> {
  const placed = devices.filter(({ item }) => item.site !== undefined || item.zone !== undefined)
  if (placed.length === 0) return undefined
  const rows = await tx.query<PlaceRow>(
    `select device_key, site, zone from registry.devices where device_key = any($1::text[])
     order by device_key for no key update`,
    [devices.map(({ deviceKey }) => deviceKey)],
  )
  return new Map(rows.map((row) => [row.device_key, row]))
}

/** Nobody stood there before: it came while we wrote, and had no place. */
function isMoved(before: PlaceRow | undefined, now: PlaceRow): boolean {
  return now.site !== (before?.site ?? null) || now.zone !== (before?.zone ?? null)
}
