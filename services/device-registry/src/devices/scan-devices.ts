import type { TextField } from '@sluice/targets'
import type { Queryable } from '@sluice/sql'
import { type NarrowRow, targetedOf } from '../store/device-row.ts'
import { type Wanted, isStorable, isWanted, knownTexts } from './wanted-devices.ts'

/** As many as are worth fetching to learn whether there are only few. */
const FEW = 2_000
const SMALLEST_CHUNK = 1_000

/** Keys of wanted devices, in order, and where to go on; null: that was all. */
export interface Scanned {
  readonly keys: readonly string[]
  readonly next: string | null
}

export interface Scan {
  readonly wanted: Wanted
  /** The last key of what was handed out before. */
  readonly after: string
  readonly limit: number
  readonly now: number
  /** How many rows may be looked at, however few of them are wanted. */
  readonly most: number
}

/**
 * Finds wanted devices within a bound of work. Where an index can name them all, and they are few, they are read at
 * once; else the inventory is read along its keys, up to `most` rows of it.
 */
export async function scanDevices(sql: Queryable, scan: Scan): Promise<Scanned> {
  const few = await lookUp(sql, scan)
  return few === 'many' ? scanAlongKeys(sql, scan) : pick(few, scan)
}

const NARROW = `device_key, name, manufacturer, oui, product_class, serial_number, hardware_version, software_version,
  last_inform_at, tags, site, region, access_node, zone, changed_at`

const COLUMNS: Record<TextField, string> = {
  name: 'name',
  oui: 'oui',
  productClass: 'product_class',
  serialNumber: 'serial_number',
  manufacturer: 'manufacturer',
  hardwareVersion: 'hardware_version',
  softwareVersion: 'software_version',
  site: 'site',
  region: 'region',
  accessNode: 'access_node',
  zone: 'zone',
}
const INDEXED: readonly TextField[] = ['name', 'serialNumber', 'softwareVersion', 'site', 'accessNode']

/** Those an index names, in order of their keys; `many` where none can, or not in reasonable number. */
async function lookUp(sql: Queryable, { wanted, after }: Scan): Promise<readonly NarrowRow[] | 'many'> {
  const { text, values, isIndexed } = conditionsOf(wanted, [after])
  if (!isIndexed) return 'many'
  // Keys and names that are listed are all looked up: their list is bounded.
  const most = Math.max(FEW, wanted.byKey?.length ?? 0, wanted.byName?.length ?? 0)
  // Materialized, and without an order inside: else a plan may walk along all keys until it has met enough.
  const rows = await sql.query<NarrowRow>(
    `with found as materialized (
       select ${NARROW} from registry.devices where device_key > $1 ${text} limit ${most + 1}
     )
     select * from found order by device_key`,
    values,
  )
  return rows.length > most ? 'many' : rows
}

/** What holds for every wanted device, as SQL after `where ...`; `given` are the values before its own. */
function conditionsOf(wanted: Wanted, given: readonly unknown[]) {
  const conditions: string[] = []
  const values = [...given]
  const place = (value: unknown) => `$${values.push(value)}`
  if (wanted.byKey) conditions.push(`device_key = any(${place(wanted.byKey)}::text[])`)
  if (wanted.byName) conditions.push(`name = any(${place(wanted.byName.filter(isStorable))}::text[])`)
  if (wanted.changedSince !== undefined) conditions.push(`changed_at >= ${place(wanted.changedSince)}::bigint`)
  const models = wanted.models?.filter(({ productClass }) => isStorable(productClass))
  if (models) {
    const either = models.map(
      ({ oui, productClass }) => `(oui = ${place(oui)} and product_class = ${place(productClass)})`,
    )
    conditions.push(either.length === 0 ? 'false' : `(${either.join(' or ')})`)
  }
  const known = knownTexts(wanted)
  for (const [field, texts] of known) conditions.push(`${COLUMNS[field]} = any(${place(texts)}::text[])`)
  const isIndexed =
    [wanted.byKey, wanted.byName, wanted.changedSince, wanted.models].some((one) => one !== undefined) ||
    (known.has('oui') && known.has('productClass')) ||
    INDEXED.some((field) => known.has(field))
  return { text: conditions.map((condition) => `and ${condition}`).join(' '), values, isIndexed }
}

function pick(rows: readonly NarrowRow[], scan: Scan): Scanned {
  const keys = rows.filter((row) => isWanted(scan.wanted, targetedOf(row), scan.now)).map((row) => row.device_key)
  return { keys: keys.slice(0, scan.limit), next: keys.length > scan.limit ? keys[scan.limit - 1]! : null }
}

async function scanAlongKeys(sql: Queryable, scan: Scan): Promise<Scanned> {
  const { wanted, limit, now, most } = scan
  const size = Math.max(limit + 1, SMALLEST_CHUNK)
  const keys: string[] = []
  let at = scan.after
  for (let scanned = 0; scanned < most; scanned += size) {
    const end = await keyAfter(sql, at, size)
    const { text, values } = conditionsOf(wanted, [at, end])
    const rows = await sql.query<NarrowRow>(
      `select ${NARROW} from registry.devices
       where device_key > $1 and ($2::text is null or device_key <= $2) ${text} order by device_key`,
      values,
    )
    for (const row of rows) {
      if (keys.length === limit) return { keys, next: at }
      at = row.device_key
      if (isWanted(wanted, targetedOf(row), now)) keys.push(at)
    }
    if (end === null) return { keys, next: null }
    at = end
  }
  return { keys, next: at }
}

/** The key so many rows further on; null: there are not as many. */
async function keyAfter(sql: Queryable, after: string, rows: number): Promise<string | null> {
  const [row] = await sql.query<{ device_key: string }>(
    'select device_key from registry.devices where device_key > $1 order by device_key offset $2 limit 1',
    [after, rows - 1],
  )
  return row?.device_key ?? null
}
