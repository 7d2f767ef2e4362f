import { readFileSync } from 'node:fs'
import { deviceKeyOf } from '@sluice/contracts'
import pg from 'pg'
import type { CapsOfAll, Chain, DeviceLine, History, JournalRow, Reported } from './history.ts'

/** Runs one statement; rows by column name. bigint may come as text or number. */
export type Query = (text: string, values?: readonly unknown[]) => Promise<Record<string, unknown>[]>

export interface HistorySources {
  /** Of the database the services shared; or how to ask it, and whether it has many connections, as PostgreSQL has. */
  readonly sql: { readonly postgresUrl: string } | { readonly query: Query; readonly hasMany?: boolean }
  /** Paths of the devices' records, JSON lines. */
  readonly records: readonly string[]
  readonly reported: Reported
  readonly capsOfAll: CapsOfAll
}

/** How many rows transactions side by side may write before the first of them commits; generous, and far below a campaign. */
const SIDE_BY_SIDE = 32

/** Reads the journals and the devices' records. Nothing of the services' own code has a say in it. */
export async function readHistory(sources: HistorySources): Promise<History> {
  const { sql, records, reported, capsOfAll } = sources
  const read = async (query: Query) => ({ rows: await readRows(query), chains: await readChains(query) })
  const stored = 'query' in sql ? await read(sql.query) : await onPostgres(sql.postgresUrl, read)
  const underWay = 'query' in sql && sql.hasMany !== true ? 0 : SIDE_BY_SIDE
  return { ...stored, devices: readDevices(records), reported, underWay, capsOfAll }
}

async function onPostgres<T>(url: string, read: (query: Query) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  await client.connect()
  try {
    return await read(async (text, values) => (await client.query(text, values && [...values])).rows)
  } finally {
    await client.end()
  }
}

async function readRows(query: Query): Promise<JournalRow[]> {
  const rows = await query('select * from scheduler.journal order by seq')
  return rows.map((row) => ({
    seq: Number(row['seq']),
    direction: String(row['direction']),
    at: Number(row['at']),
    actor: String(row['actor']),
    kind: String(row['kind']),
    campaignId: textOrNull(row['campaign_id']),
    upgradeId: textOrNull(row['upgrade_id']),
    attemptId: textOrNull(row['attempt_id']),
    deviceKey: textOrNull(row['device_key']),
    data: row['data'],
  }))
}

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null)

const COLUMNS = [
  'seq',
  'direction',
  'id',
  'key',
  'at',
  'actor',
  'kind',
  'traceparent',
  'campaign_id',
  'upgrade_id',
  'attempt_id',
  'device_key',
  'data',
] as const

async function readChains(query: Query): Promise<Chain[]> {
  const schemas = await query(
    `select table_schema as name from information_schema.tables where table_name = 'journal_batch'`,
  )
  const chains: Chain[] = []
  for (const schema of schemas.map((row) => String(row['name'])).toSorted()) {
    const rows = await query(`select * from ${schema}.journal order by seq`)
    const batches = await query(`select * from ${schema}.journal_batch order by number`)
    const unsealed = await query(`select seq from ${schema}.journal_unsealed order by seq`)
    chains.push({
      schema,
      rows: new Map(rows.map((row) => [Number(row['seq']), COLUMNS.map((name) => columnOf(row, name))])),
      unsealed: unsealed.map((row) => Number(row['seq'])),
      batches: batches.map((row) => ({
        number: Number(row['number']),
        seqs: (row['seqs'] as readonly unknown[]).map(Number),
        previousHash: String(row['previous_hash']),
        hash: String(row['hash']),
        format: Number(row['format'] ?? 1),
      })),
    })
  }
  return chains
}

function columnOf(row: Record<string, unknown>, name: (typeof COLUMNS)[number]): unknown {
  return name === 'seq' || name === 'at' ? Number(row[name]) : row[name]
}

function readDevices(paths: readonly string[]): Map<string, DeviceLine[]> {
  const lines = paths
    .flatMap((path) => readFileSync(path, 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as DeviceLine)
  return Map.groupBy(lines, ({ deviceName }) => keyOf(deviceName))
}

/** Names are percent-encoded, so a hyphen only ever stands between two parts. */
function keyOf(deviceName: string): string {
  const [oui = '', second = '', third] = deviceName.split('-').map(decodeURIComponent)
  return third === undefined
    ? deviceKeyOf({ oui, productClass: '', serialNumber: second })
    : deviceKeyOf({ oui, productClass: second, serialNumber: third })
}
