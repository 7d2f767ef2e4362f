import type { ChainEntry } from '@sluice/audit-chain'
import type { JournalFilter, JournalRow } from './journal-entry.ts'
import type { Queryable } from './sql.ts'

/** A row as it stands in the table. */
export type StoredRow = {
  seq: number
  direction: 'in' | 'out' | 'note'
  id: string | null
  key: string | null
  at: number
  actor: string
  kind: string
  traceparent: string | null
  campaign_id: string | null
  upgrade_id: string | null
  attempt_id: string | null
  device_key: string | null
  data: unknown
}

export const storedColumns =
  'seq, direction, id, key, at, actor, kind, traceparent, campaign_id, upgrade_id, attempt_id, device_key, data'

export async function readJournal(sql: Queryable, schema: string, filter: JournalFilter): Promise<JournalRow[]> {
  const values: unknown[] = [filter.afterSeq ?? 0]
  const conditions = ['seq > $1']
  const require = (column: string, value: string | undefined) => {
    if (value === undefined) return
    values.push(value)
    conditions.push(`${column} = $${values.length}`)
  }
  require('campaign_id', filter.campaignId)
  require('upgrade_id', filter.upgradeId)
  require('attempt_id', filter.attemptId)
  require('device_key', filter.deviceKey)

  const limit = Math.min(Math.max(Math.trunc(filter.limit ?? 100), 1), 1000)
  const rows = await sql.query<StoredRow>(
    `select ${storedColumns} from ${schema}.journal where ${conditions.join(' and ')} order by seq limit ${limit}`,
    values,
  )
  return rows.map(toJournalRow)
}

export function toJournalRow(row: StoredRow): JournalRow {
  const traceId = row.traceparent?.split('-')[1]
  return {
    seq: row.seq,
    at: row.at,
    direction: row.direction,
    actor: row.actor,
    kind: row.kind,
    data: row.data,
    ...(row.id !== null && { id: row.id }),
    ...(row.key !== null && { key: row.key }),
    ...(traceId && { traceId }),
    ...(row.campaign_id !== null && { campaignId: row.campaign_id }),
    ...(row.upgrade_id !== null && { upgradeId: row.upgrade_id }),
    ...(row.attempt_id !== null && { attemptId: row.attempt_id }),
    ...(row.device_key !== null && { deviceKey: row.device_key }),
  }
}

/** What an entry's hash is made of. */
export function toChainEntry(row: StoredRow): ChainEntry {
  const { campaign_id, upgrade_id, attempt_id, device_key, ...same } = row
  return { ...same, campaignId: campaign_id, upgradeId: upgrade_id, attemptId: attempt_id, deviceKey: device_key }
}
