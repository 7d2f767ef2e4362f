import { type ChainFormat, type ChainPart, type SealedEntry, hashEntry } from '@sluice/audit-chain'
import { type StoredRow, storedColumns, toChainEntry } from './journal-read.ts'
import { SqlError } from './sql-error.ts'
import type { Queryable, Sql } from './sql.ts'

export interface ChainPage {
  readonly parts: readonly ChainPart[]
  /** Where the next page starts; null at the end of the chain. */
  readonly next: string | null
  /** With the last page: rows there are (and hashes of erased ones), and those that wait to be sealed. */
  readonly counts: { readonly stored: number; readonly unsealed: number } | null
  readonly lastBatch: number
}

type Batch = { number: number; seqs: number[]; previous_hash: string; hash: string; format: ChainFormat }
type Place = { readonly batch: number; readonly seq: number }

/** What one page may have, so that it travels in one message. */
const MOST_BYTES = 600_000

/**
 * The chain from a place on, in the order in which it was sealed: batches are numbered after the commits of their rows, so
 * that who follows them misses nothing, whatever is still being written. A row that cannot travel is there by its hash.
 */
export async function readChain(
  sql: Sql,
  schema: string,
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<ChainPage> {
  let place = readCursor(cursor)
  const parts: ChainPart[] = []
  let rest = limit
  let bytes = MOST_BYTES
  return sql.transaction(async (tx) => {
    await tx.query('set transaction isolation level repeatable read, read only')
    while (rest > 0 && bytes > 0) {
      const batch = await nextBatch(tx, schema, place)
      if (batch === undefined) return { parts, next: null, counts: await countRows(tx, schema), lastBatch: place.batch }
      const after = place.batch === batch.number ? place.seq : 0
      const wanted = batch.seqs.filter((seq) => seq > after).slice(0, rest)
      const fitting = takeFitting(batch, wanted, await entriesOf(tx, schema, batch.format, wanted), bytes)
      parts.push(fitting.part)
      rest -= wanted.length
      bytes -= fitting.bytes
      place = { batch: batch.number, seq: fitting.part.last ? 0 : fitting.lastSeq }
      if (!fitting.part.last) break
    }
    const next = place.seq === 0 ? `${place.batch}` : `${place.batch}.${place.seq}`
    return { parts, next, counts: null, lastBatch: place.seq === 0 ? place.batch : place.batch - 1 }
  })
}

/** `12`: after batch 12. `12.345`: within batch 12, after row 345. Throws SqlError `invalid`. */
function readCursor(cursor: string | undefined): Place {
  if (cursor === undefined) return { batch: 0, seq: 0 }
  const [, batch, seq] = /^(\d{1,15})(?:\.(\d{1,15}))?$/.exec(cursor) ?? []
  if (batch === undefined) throw new SqlError('invalid', 'that is no place in the chain')
  return { batch: Number(batch), seq: Number(seq ?? 0) }
}

async function nextBatch(tx: Queryable, schema: string, { batch, seq }: Place): Promise<Batch | undefined> {
  const [found] = await tx.query<Batch>(
    `select number, seqs, previous_hash, hash, format from ${schema}.journal_batch where number ${seq === 0 ? '>' : '>='} $1
     order by number limit 1`,
    [batch],
  )
  return found
}

type Found = { readonly entry: SealedEntry; readonly bytes: number; readonly seq: number }

async function entriesOf(
  tx: Queryable,
  schema: string,
  format: ChainFormat,
  seqs: readonly number[],
): Promise<Found[]> {
  const rows = await tx.query<StoredRow>(
    `select ${storedColumns} from ${schema}.journal where seq = any($1::bigint[]) order by seq`,
    [seqs],
  )
  const hashes = await tx.query<{ seq: number; hash: string }>(
    `select seq, hash from ${schema}.journal_erased where seq = any($1::bigint[]) order by seq`,
    [seqs],
  )
  // A row that stands there although it was erased is not what was sealed: it is looked at like any other.
  const present = new Set(rows.map(({ seq }) => seq))
  return [
    ...rows.map((row) => toFound(format, row)),
    ...hashes
      .filter(({ seq }) => !present.has(seq))
      .map(({ seq, hash }) => ({ entry: { kind: 'hash' as const, seq, hash }, bytes: 100, seq })),
  ].toSorted((a, b) => a.seq - b.seq)
}

function toFound(format: ChainFormat, row: StoredRow): Found {
  const entry = toChainEntry(row)
  const bytes = Buffer.byteLength(JSON.stringify(entry))
  if (bytes <= MOST_BYTES || format === 1) return { entry: { kind: 'entry', entry }, bytes, seq: row.seq }
  return { entry: { kind: 'hash', seq: row.seq, hash: hashEntry(entry) }, bytes: 100, seq: row.seq }
}

/** As many as fit; one at least. What is missing among them is passed over: the batch's hash tells. */
function takeFitting(
  batch: Batch,
  wanted: readonly number[],
  found: readonly Found[],
  bytes: number,
): { part: ChainPart; bytes: number; lastSeq: number } {
  let used = 0
  const taken: Found[] = []
  for (const one of found) {
    if (taken.length > 0 && used + one.bytes > bytes) break
    taken.push(one)
    used += one.bytes
  }
  const lastSeq = (taken.length === found.length ? wanted.at(-1) : taken.at(-1)?.seq) ?? 0
  const part: ChainPart = {
    number: batch.number,
    format: batch.format,
    previousHash: batch.previous_hash,
    hash: batch.hash,
    size: batch.seqs.length,
    entries: taken.map(({ entry }) => entry),
    last: !batch.seqs.some((seq) => seq > lastSeq),
  }
  return { part, bytes: used, lastSeq }
}

async function countRows(tx: Queryable, schema: string): Promise<{ stored: number; unsealed: number }> {
  const [counts] = await tx.query<{ stored: number; unsealed: number }>(
    `select (select count(*) from ${schema}.journal)
          + (select count(*) from ${schema}.journal_erased e where not exists (select 1 from ${schema}.journal j where j.seq = e.seq)) as stored,
       (select count(*) from ${schema}.journal_unsealed) as unsealed`,
  )
  return counts ?? { stored: 0, unsealed: 0 }
}
