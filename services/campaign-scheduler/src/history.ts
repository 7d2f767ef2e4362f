import type { ChainEntry } from '@sluice/audit-chain'
import {
  type HistoryEntry,
  type InputOf,
  type OutputOf,
  type Reply,
  answered,
  type historyList,
  refused,
} from '@sluice/contracts'
import { readChainPage } from './audit.ts'
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
  return answered({ items })
}

/** In the order of sealing. What was erased, or is too large to travel, is passed over. */
async function followSealed(parts: Parts, input: Input, after: string): Promise<Reply<Output>> {
  if (input.afterSeq !== undefined) return refused('invalid_request', 'afterSeq and after exclude each other')
  const page = await readChainPage(parts, after, input.limit)
  if (!page.ok) return page
  const entries = page.data.parts.flatMap((part) =>
    part.entries.flatMap((sealed) => (sealed.kind === 'entry' ? [sealed.entry] : [])),
  )
  const items = entries.filter((entry) => isAbout(entry, input)).map(toHistory)
  const { next, lastBatch } = page.data
  return answered({ items, next: next ?? String(lastBatch), end: next === null })
}

function isAbout(entry: ChainEntry, { campaignId, upgradeId, deviceKey }: Input): boolean {
  return (
    (campaignId === undefined || entry.campaignId === campaignId) &&
    (upgradeId === undefined || entry.upgradeId === upgradeId) &&
    (deviceKey === undefined || entry.deviceKey === deviceKey)
  )
}

function toHistory({ seq, at, actor, traceparent, kind, data, ...about }: ChainEntry): HistoryEntry {
  const { campaignId, upgradeId, attemptId, deviceKey } = about
  const traceId = traceparent?.split('-')[1] ?? null
  return { seq, at: toTime(at), actor, traceId, kind, campaignId, upgradeId, attemptId, deviceKey, data }
}
