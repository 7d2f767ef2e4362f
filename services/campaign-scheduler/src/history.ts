import type { ChainEntry } from '@sluice/audit-chain'
import { pageOf, unlessStrange } from '@sluice/bus'
import {
  type HistoryEntry,
  type InputOf,
  type OutputOf,
  type Reply,
  answered,
  type historyList,
  refused,
} from '@sluice/contracts'
import { type Parts, toTime } from './parts.ts'

type Input = InputOf<typeof historyList>
type Output = OutputOf<typeof historyList>

/** The journal as people and followers read it. */
export function readHistory(parts: Parts, input: Input): Promise<Reply<Output>> {
  return input.after === undefined ? readBySeq(parts, input) : followSealed(parts, input, input.after)
}

async function readBySeq(parts: Parts, input: Input): Promise<Reply<Output>> {
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
  return answered({ items: pageOf(items, items.length) })
}

/** In the order of sealing. What was erased, or is too large to travel, is passed over. */
async function followSealed(parts: Parts, input: Input, after: string): Promise<Reply<Output>> {
  if (input.afterSeq !== undefined) return refused('invalid_request', 'afterSeq and after exclude each other')
  const { campaignId, upgradeId, deviceKey, limit } = input
  const about = { campaignId, upgradeId, deviceKey }
  const page = await unlessStrange(parts.journal.follow(parts.sql, { after, limit, about }))
  if (!page.ok) return page
  const { entries, next, end } = page.data
  return answered({ items: entries.map(toHistory), next, end })
}

function toHistory({ seq, at, actor, traceparent, kind, data, ...about }: ChainEntry): HistoryEntry {
  const { campaignId, upgradeId, attemptId, deviceKey } = about
  const traceId = traceparent?.split('-')[1] ?? null
  return { seq, at: toTime(at), actor, traceId, kind, campaignId, upgradeId, attemptId, deviceKey, data }
}
