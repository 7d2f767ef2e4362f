import type { Device, DeviceFilter, InputOf, OutputOf, deviceList } from '@sluice/contracts'
import { json } from '@sluice/sql'
import type { Parts } from '../parts.ts'
import { DEVICE_COLUMNS, type DeviceRow, deviceOf } from '../store/device-row.ts'
import { pageOf } from '../store/page-of.ts'

type Reading = Pick<Parts, 'sql' | 'profiles'>

/** A page of devices in the order of their keys, no longer than a message; the cursor is the last key of the page before. */
export async function listDevices(
  { sql, profiles }: Reading,
  input: InputOf<typeof deviceList>,
): Promise<OutputOf<typeof deviceList>> {
  const { where, values } = conditionsOf(input.filter)
  const rows = await sql.query<DeviceRow>(
    `select ${DEVICE_COLUMNS} from registry.devices
     where device_key > $1 ${where}
     order by device_key limit $2`,
    [input.cursor ?? '', input.limit + 1, ...values],
  )
  const profileOf = await profiles.naming()
  const items = pageOf(
    rows.map((row) => deviceOf(row, profileOf(row))),
    input.limit,
  )
  return { items, next: rows.length > items.length ? (items.at(-1)?.deviceKey ?? null) : null }
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

function conditionsOf(filter: DeviceFilter): { where: string; values: unknown[] } {
  const conditions: string[] = []
  const values: unknown[] = []
  const add = (condition: (place: string) => string, value: unknown) => {
    values.push(value)
    // $1 and $2 are the cursor and the limit.
    conditions.push(condition(`$${values.length + 2}`))
  }
  if (filter.deviceKeys) add((at) => `device_key = any(${at}::text[])`, filter.deviceKeys)
  if (filter.names) add((at) => `name = any(${at}::text[])`, filter.names)
  if (filter.softwareVersions) add((at) => `software_version = any(${at}::text[])`, filter.softwareVersions)
  if (filter.tags) add((at) => `tags @> ${at}::text[]`, filter.tags)
  if (filter.models) {
    add(
      (at) =>
        `(oui, product_class) in (select m."oui", m."productClass"
           from jsonb_to_recordset(${at}::jsonb) as m("oui" text, "productClass" text))`,
      json(filter.models),
    )
  }
  return { where: conditions.map((condition) => `and ${condition}`).join(' '), values }
}
