import { type InformedDevice, deviceNameOf } from '@sluice/contracts'
import { type Queryable, json } from '@sluice/sql'

/**
 * Writes what devices reported, in one statement. Idempotent, and in any order: an older Inform never
 * overwrites a newer one. What targets may ask for has changed `now`, by our clock: an Inform may have waited. Answers the devices that were passed over: those not in the inventory, unless it
 * takes them in.
 */
export async function recordInforms(
  sql: Queryable,
  items: readonly InformedDevice[],
  takesIn: boolean,
  now: number,
): Promise<ReadonlySet<string>> {
  const rows = mergedByDevice(items)
  if (rows.length === 0) return new Set()
  const passedOver = await sql.query<{ device_key: string }>(takesIn ? UPSERT : UPDATE_KNOWN, [json(rows), now])
  return new Set(passedOver.map((row) => row.device_key))
}

type InformedRow = ReturnType<typeof rowOf>

function rowOf(item: InformedDevice) {
  const at = Date.parse(item.at)
  return {
    device_key: item.deviceKey,
    name: deviceNameOf(item),
    manufacturer: item.manufacturer,
    oui: item.oui,
    product_class: item.productClass,
    serial_number: item.serialNumber,
    hardware_version: item.hardwareVersion,
    software_version: item.softwareVersion,
    last_inform_at: at,
    last_events: item.events,
    data_model_root: item.dataModelRoot,
    cwmp_version: item.cwmpVersion,
    connection_request_url: item.connectionRequestUrl,
    udp_address: item.udpConnectionRequestAddress,
    nat_detected: item.natDetected,
    jabber_id: item.jabberId,
    gateway_name: gatewayNameOf(item.gateway),
    proxied: item.proxied,
    // TR-069 Annex L: it was in standby.
    last_wake_up_at: item.events.some(({ code }) => code === '13 WAKEUP') ? at : undefined,
    leniencies: item.warnings?.length ? Object.fromEntries(item.warnings.map((code) => [code, at])) : undefined,
  }
}

/** TR-069 Annex F: a device that is behind no gateway any more empties what it knew of it. */
function gatewayNameOf(gateway: InformedDevice['gateway']): string | undefined {
  if (gateway === undefined) return undefined
  return gateway.oui === '' && gateway.serialNumber === '' ? '' : deviceNameOf(gateway)
}

const INFORMED = `jsonb_to_recordset($1::jsonb) as informed(device_key text, name text, manufacturer text, oui text,
  product_class text, serial_number text, hardware_version text, software_version text, last_inform_at bigint,
  last_events jsonb, data_model_root text, cwmp_version text, connection_request_url text, udp_address text,
  nat_detected boolean, jabber_id text, gateway_name text, proxied text, last_wake_up_at bigint, leniencies jsonb)`

const COLUMNS = `device_key, name, manufacturer, oui, product_class, serial_number, hardware_version, software_version,
  last_inform_at, last_events, data_model_root, cwmp_version, connection_request_url, udp_address, nat_detected,
  jabber_id, gateway_name, proxied, last_wake_up_at`

const insertFrom = (source: string) => `
  insert into registry.devices as devices (${COLUMNS}, first_seen_at, changed_at, leniencies)
  select ${COLUMNS}, last_inform_at, $2::bigint, coalesce(leniencies, '{}') from ${source} order by device_key
  on conflict (device_key) do update set
    manufacturer = excluded.manufacturer,
    hardware_version = coalesce(excluded.hardware_version, devices.hardware_version),
    software_version = coalesce(excluded.software_version, devices.software_version),
    last_inform_at = excluded.last_inform_at,
    last_events = excluded.last_events,
    data_model_root = excluded.data_model_root,
    cwmp_version = coalesce(excluded.cwmp_version, devices.cwmp_version),
    connection_request_url = coalesce(excluded.connection_request_url, devices.connection_request_url),
    udp_address = coalesce(excluded.udp_address, devices.udp_address),
    nat_detected = coalesce(excluded.nat_detected, devices.nat_detected),
    jabber_id = coalesce(excluded.jabber_id, devices.jabber_id),
    gateway_name = coalesce(excluded.gateway_name, devices.gateway_name),
    proxied = coalesce(excluded.proxied, devices.proxied),
    last_wake_up_at = coalesce(excluded.last_wake_up_at, devices.last_wake_up_at),
    changed_at = case when (excluded.manufacturer, coalesce(excluded.hardware_version, devices.hardware_version),
        coalesce(excluded.software_version, devices.software_version))
        is distinct from (devices.manufacturer, devices.hardware_version, devices.software_version)
      then excluded.changed_at else devices.changed_at end,
    leniencies = case when excluded.leniencies = '{}' then devices.leniencies
      else registry.latest_leniencies(devices.leniencies, excluded.leniencies) end
  where devices.last_inform_at is null or devices.last_inform_at <= excluded.last_inform_at`

const UPSERT = insertFrom(INFORMED)

const UPDATE_KNOWN = `
  with informed as (select * from ${INFORMED}),
    known as (select informed.* from informed join registry.devices using (device_key)),
    written as (${insertFrom('known')})
  select device_key from informed where device_key not in (select device_key from known)`

/** What the newest Inform of a device says stands, and what it is silent about, an older one of this batch told. */
function mergedByDevice(items: readonly InformedDevice[]): InformedRow[] {
  const byDevice = new Map<string, InformedRow>()
  const oldestFirst = items.map(rowOf).toSorted((one, other) => one.last_inform_at - other.last_inform_at)
  for (const row of oldestFirst) {
    const older = byDevice.get(row.device_key)
    byDevice.set(row.device_key, older === undefined ? row : merged(older, row))
  }
  return [...byDevice.values()]
}

function merged(older: InformedRow, newer: InformedRow): InformedRow {
  const told = Object.fromEntries(Object.entries(newer).filter(([, value]) => value !== undefined))
  const tolerated = { ...older.leniencies, ...newer.leniencies }
  const leniencies = Object.keys(tolerated).length === 0 ? undefined : tolerated
  return { ...older, ...told, leniencies }
}
