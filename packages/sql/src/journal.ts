import { json } from './encode-value.ts'
import { type ChainPage, readChain } from './journal-audit.ts'
import { type Erasure, eraseRows } from './journal-erase.ts'
import { type ChainVerdict, sealBatch, verifyChain } from './journal-chain.ts'
import type { InEntry, JournalEntry, JournalFilter, JournalRow, JournalSubjects } from './journal-entry.ts'
import { type Followed, followChain } from './journal-follow.ts'
import { readJournal } from './journal-read.ts'
import { journalMigrations } from './journal-tables.ts'
import { assertSchemaName } from './migrate.ts'
import type { Migration, Queryable, Sql } from './sql.ts'

/** The journal of one service: deduplication of what came in, outbox of what goes out, and audit trail. */
export interface Journal {
  readonly schema: string
  /** Put before the service's own migrations. */
  readonly migrations: readonly Migration[]
  /** Writes events to publish and notes, in this order, and answers their sequence numbers. Call it in the transaction that changes the state; wake the relay after the commit. */
  append(tx: Queryable, entries: readonly JournalEntry[]): Promise<number[]>
  /** Writes the messages not seen before and returns their ids; the others' work was done. A replica with the same message waits for this commit. */
  acceptNew(tx: Queryable, messages: readonly InEntry[]): Promise<Set<string>>
  /** Rows in the order of `seq`. Filters are joined by "and". */
  read(sql: Queryable, filter: JournalFilter): Promise<JournalRow[]>
  /** How many events wait for the bus, and since when (epoch ms); and how many it refused for good. */
  backlog(sql: Queryable): Promise<Backlog>
  /** Puts up to 1000 committed rows into the hash chain; returns how many. The relay does it by itself. */
  seal(sql: Sql): Promise<number>
  /** Recomputes the chain. Keep `head` outside the database to notice that its end was cut off. */
  verifyChain(sql: Sql): Promise<ChainVerdict>
  /** Takes rows out and leaves their hashes, so that the chain holds; answers what was erased. Not what waits to be sealed or published. */
  erase(tx: Queryable, seqs: readonly number[], erasure: Erasure): Promise<JournalRow[]>
  /** A page of the chain, for somebody who recomputes it elsewhere: at most `limit` rows. Throws SqlError `invalid` on a strange cursor. */
  readChain(sql: Sql, page: { readonly cursor?: string | undefined; readonly limit: number }): Promise<ChainPage>
  /** What was sealed after a place (`0`: from the start), for somebody who follows it, in the order of sealing. Throws SqlError `invalid` on a strange place. */
  follow(
    sql: Sql,
    page: { readonly after: string; readonly limit: number; readonly about?: JournalSubjects },
  ): Promise<Followed>
}

export interface Backlog {
  readonly unpublished: number
  readonly oldestAt: number | undefined
  /** Set aside by the relay: rows of `journal_refused`. Somebody has to look. */
  readonly refused: number
}

export function createJournal(schema: string): Journal {
  assertSchemaName(schema)
  return {
    schema,
    migrations: journalMigrations,
    append: async (tx, entries) => {
      if (entries.length === 0) return []
      const written = await tx.query<{ seq: number }>(appendText(schema), [json(entries.map(toColumns))])
      return written.map(({ seq }) => seq)
    },
    acceptNew: async (tx, messages) => {
      if (messages.length === 0) return new Set()
      const columns = messages.map((message) => toColumns({ ...message, direction: 'in' }))
      const accepted = await tx.query<{ id: string }>(acceptText(schema), [json(columns)])
      return new Set(accepted.map((row) => row.id))
    },
    read: (sql, filter) => readJournal(sql, schema, filter),
    backlog: async (sql) => {
      const [row] = await sql.query<{ unpublished: number; oldest: number | null; refused: number }>(
        `select count(*) as unpublished, min(at) as oldest, (select count(*) from ${schema}.journal_refused) as refused
         from ${schema}.journal_outbox join ${schema}.journal using (seq)`,
      )
      return { unpublished: row?.unpublished ?? 0, oldestAt: row?.oldest ?? undefined, refused: row?.refused ?? 0 }
    },
    seal: (sql) => sealBatch(sql, schema),
    verifyChain: (sql) => verifyChain(sql, schema),
    erase: (tx, seqs, erasure) => eraseRows(tx, schema, seqs, erasure),
    readChain: (sql, page) => readChain(sql, schema, page),
    follow: (sql, page) => followChain(sql, schema, page),
  }
}

type AnyEntry = JournalEntry | (InEntry & { readonly direction: 'in' })

const columnNames =
  'direction, id, key, at, actor, kind, traceparent, campaign_id, upgrade_id, attempt_id, device_key, data'

function toColumns(entry: AnyEntry): Record<string, unknown> {
  return {
    direction: entry.direction,
    id: entry.direction === 'note' ? null : entry.id,
    key: entry.direction === 'out' ? entry.key : null,
    at: entry.at,
    actor: entry.actor,
    kind: entry.kind,
    traceparent: entry.traceparent ?? null,
    campaign_id: entry.campaignId ?? null,
    upgrade_id: entry.upgradeId ?? null,
    attempt_id: entry.attemptId ?? null,
    device_key: entry.deviceKey ?? null,
    data: entry.data ?? null,
  }
}

const insertText = (schema: string, order: string) => `
  insert into ${schema}.journal (${columnNames})
  select e->>'direction', e->>'id', e->>'key', (e->>'at')::bigint, e->>'actor', e->>'kind', e->>'traceparent',
         e->>'campaign_id', e->>'upgrade_id', e->>'attempt_id', e->>'device_key', e->'data'
  from jsonb_array_elements($1::jsonb) with ordinality as entries (e, place)
  order by ${order}`

const appendText = (schema: string) => `
  with written as (${insertText(schema, 'place')} returning seq, direction),
  to_publish as (insert into ${schema}.journal_outbox select seq from written where direction = 'out'),
  to_seal as (insert into ${schema}.journal_unsealed select seq from written)
  select seq from written order by seq`

/** By id, so that two replicas with overlapping batches wait for each other instead of deadlocking. */
const acceptText = (schema: string) => `
  with written as (${insertText(schema, "e->>'id'")} on conflict (id) where direction = 'in' do nothing returning seq, id),
  to_seal as (insert into ${schema}.journal_unsealed select seq from written)
  select id from written`
