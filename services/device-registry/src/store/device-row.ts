import type { Device } from '@sluice/contracts'
import type { TargetedDevice } from '@sluice/targets'

/** A device as its table has it, with the user name of its credential and without any secret. */
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
  readonly site: string | null
  readonly region: string | null
  readonly access_node: string | null
  readonly zone: string | null
  readonly changed_at: number
  readonly username: string | null
  readonly data_model_root: Device['dataModelRoot']
  readonly cwmp_version: string | null
  readonly connection_request_url: string | null
  readonly udp_address: string | null
  readonly jabber_id: string | null
  readonly gateway_name: string | null
  readonly proxied: string | null
  readonly last_wake_up_at: number | null
  readonly leniencies: Readonly<Record<string, number>>
  readonly logs_bodies: boolean
}

/** What an expression may ask for. */
export type NarrowRow = Pick<
  DeviceRow,
  | 'device_key'
  | 'name'
  | 'manufacturer'
  | 'oui'
  | 'product_class'
  | 'serial_number'
  | 'hardware_version'
  | 'software_version'
  | 'last_inform_at'
  | 'tags'
  | 'site'
  | 'region'
  | 'access_node'
  | 'zone'
  | 'changed_at'
>

/** Of `registry.devices`. The user name is looked up for the rows of the answer only. */
export const DEVICE_COLUMNS = `device_key, name, manufacturer, oui, product_class, serial_number, hardware_version,
  software_version, last_inform_at, first_seen_at, last_events, tags, site, region, access_node, zone, changed_at, data_model_root, cwmp_version,
  connection_request_url, udp_address, jabber_id, gateway_name, proxied, last_wake_up_at, leniencies, logs_bodies,
  (select own.username from registry.credentials as own
   where own.device_key = devices.device_key and own.purpose = 'cwmp') as username`

/** A device as an expression sees it; `changedAt`: epoch ms. */
export function targetedOf(row: NarrowRow): TargetedDevice & { readonly changedAt: number } {
  return {
    deviceKey: row.device_key,
    name: row.name,
    manufacturer: row.manufacturer,
    oui: row.oui,
    productClass: row.product_class,
    serialNumber: row.serial_number,
    hardwareVersion: row.hardware_version,
    softwareVersion: row.software_version,
    lastInformAt: timeOrNull(row.last_inform_at),
    tags: row.tags,
    site: row.site,
    region: row.region,
    accessNode: row.access_node,
    zone: row.zone,
    changedAt: row.changed_at,
  }
}

/** Empty stands for what a device said it has no more. */
export function deviceOf(row: DeviceRow, profile: string): Device {
  return {
    ...targetedOf(row),
    tags: row.tags,
    firstSeenAt: timeOf(row.first_seen_at),
    lastEvents: row.last_events,
    changedAt: timeOf(row.changed_at),
    username: row.username,
    dataModelRoot: row.data_model_root,
    cwmpVersion: row.cwmp_version,
    wakeableBy: wakeableBy(row),
    gatewayName: row.gateway_name || null,
    proxied: row.proxied || null,
    lastWakeUpAt: timeOrNull(row.last_wake_up_at),
    leniencies: Object.entries(row.leniencies)
      .toSorted(([, one], [, other]) => other - one)
      .map(([code, at]) => ({ code, lastAt: timeOf(at) })),
    profile,
    logsBodies: row.logs_bodies,
  }
}

function wakeableBy(row: DeviceRow): Device['wakeableBy'] {
  const ways: Device['wakeableBy'] = []
  if (row.connection_request_url) ways.push('http')
  if (row.udp_address) ways.push('udp')
  if (row.jabber_id) ways.push('xmpp')
  return ways
}

function timeOf(at: number): string {
  return new Date(at).toISOString()
}

function timeOrNull(at: number | null): string | null {
  return at === null ? null : timeOf(at)
}
