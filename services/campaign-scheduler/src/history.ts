import { type InputOf, type OutputOf, type Reply, answered, type historyList } from '@sluice/contracts'
import { type Parts, toTime } from './parts.ts'

/** The journal as people read it, oldest first. */
export async function readHistory(
  parts: Parts,
  input: InputOf<typeof historyList>,
): Promise<Reply<OutputOf<typeof historyList>>> {
  const rows = await parts.journal.read(parts.sql, input)
  const items = rows.map((row) => ({
    seq: row.seq,
    at: toTime(row.at),
    actor: row.actor,
    traceId: row.traceId ?? null,
    kind: row.kind,
    campaignId: row.campaignId ?? null,
    upgradeId: row.upgradeId ?? null,
    attemptId: row.attemptId ?? null,
    deviceKey: row.deviceKey ?? null,
    data: row.data,
  }))
  return answered({ items })
}
