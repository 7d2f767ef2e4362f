import { type ChainFormat, type ChainPart, type SealedEntry, hashEntry } from '@sluice/audit-chain'
import { type Batch, MOST_BYTES, type Place, placeText, readPlace } from './chain-place.ts'
import { type StoredRow, storedColumns, toChainEntry } from './journal-read.ts'
import { SqlError } from './sql-error.ts'
import type { Queryable, Sql } from './sql.ts'

export interface ChainPage {
  readonly parts: readonly ChainPart[]
  /** Where the next page starts; null at the end of the chain, when all was counted. */
  readonly next: string | null
  /** With the last page: rows there are (and hashes of erased ones), and those that wait to be sealed. */
  readonly counts: { readonly stored: number; readonly unsealed: number } | null
}

/** Rows counted so far, all of those up to a sequence number; the cursor carries it from page to page. */
type Counted = { readonly upTo: number; readonly stored: number }

/** A page counts so many sequence numbers for each row that it may have: as much work as reading these rows. */
const COUNTED_PER_ROW = 100
/** Beyond the longest transaction: whoever took a number before a batch was sealed has committed so long after it, or never will. */
const SETTLED_AFTER = '10 minutes'
const [LOWEST, HIGHEST] = ['-9223372036854775808', '9223372036854775807']

/**
 * The chain from a place on, in the order in which it was sealed: batches are numbered after the commits of their rows, so
 * that who reads them misses nothing, whatever is still being written. A row that cannot travel is there by its hash. At
 * its end the rows are counted, piece by piece: what is neither sealed nor waits for it was put in past the chain.
 */
export async function readChain(
  sql: Sql,
  schema: string,
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<ChainPage> {
  const start = readCursor(cursor)
  let { place } = start
  const parts: ChainPart[] = []
  let rest = limit
  let bytes = MOST_BYTES
  return sql.transaction(async (tx) => {
    await tx.query('set transaction isolation level repeatable read, read only')
    while (rest > 0 && bytes > 0) {
      const batch = await nextBatch(tx, schema, place)
      if (batch === undefined) {
        const end = await countOn(tx, schema, start.counted, limit * COUNTED_PER_ROW)
        if ('stored' in end) return { parts, next: cursorText(place, end), counts: null }
        return { parts, next: null, ...end }
      }
      const after = place.batch === batch.number ? place.seq : 0
      const wanted = batch.seqs.filter((seq) => seq > after).slice(0, rest)
      const fitting = takeFitting(batch, wanted, await entriesOf(tx, schema, batch.format, wanted), bytes)
      parts.push(fitting.part)
      rest -= wanted.length
      bytes -= fitting.bytes
      place = { batch: batch.number, seq: fitting.part.last ? 0 : fitting.lastSeq }
      if (!fitting.part.last) break
    }
    return { parts, next: cursorText(place, start.counted), counts: null }
  })
}

/** A place, and once it was counted, up to where, and how many: `12`, `12.345`, `12~1000.998`. Throws SqlError `invalid`. */
function readCursor(cursor = '0'): { place: Place; counted: Counted | null } {
  const [, place, upTo, stored] = /^([^~]*)(?:~(\d{1,15})\.(\d{1,15}))?$/.exec(cursor) ?? []
  if (place === undefined) throw new SqlError('invalid', 'that is no place in the chain')
  const counted = upTo === undefined ? null : { upTo: Number(upTo), stored: Number(stored) }
  return { place: readPlace(place), counted }
}

const cursorText = (place: Place, counted: Counted | null): string =>
  counted === null ? placeText(place) : `${placeText(place)}~${counted.upTo}.${counted.stored}`

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

/**
 * Counts the next rows; all that are left where those are few, with what waits to be sealed. Only what nobody is still
 * writing is counted before the last page: a row that appeared below would be missed, and be missing.
 */
async function countOn(
  tx: Queryable,
  schema: string,
  counted: Counted | null,
  most: number,
): Promise<Counted | { readonly counts: NonNullable<ChainPage['counts']> }> {
  const from = counted === null ? LOWEST : `${counted.upTo + 1}`
  const before = counted?.stored ?? 0
  const upTo = (counted?.upTo ?? 0) + most
  if (upTo < (await findSettled(tx, schema))) {
    return { upTo, stored: before + (await countRows(tx, schema, from, `${upTo}`)) }
  }
  const stored = before + (await countRows(tx, schema, from, HIGHEST))
  const [waiting] = await tx.query<{ n: number }>(`select count(*) as n from ${schema}.journal_unsealed`)
  return { counts: { stored, unsealed: waiting!.n } }
}

/** Below this number no row appears any more. */
async function findSettled(tx: Queryable, schema: string): Promise<number> {
  const [batch] = await tx.query<{ seq: number }>(
    `select seqs[array_upper(seqs, 1)] as seq from ${schema}.journal_batch
     where sealed_at < now() - interval '${SETTLED_AFTER}' order by number desc limit 1`,
  )
  return batch?.seq ?? 0
}

async function countRows(tx: Queryable, schema: string, from: string, to: string): Promise<number> {
  const [counts] = await tx.query<{ n: number }>(
    `select (select count(*) from ${schema}.journal where seq between $1 and $2)
          + (select count(*) from ${schema}.journal_erased e where seq between $1 and $2
               and not exists (select 1 from ${schema}.journal j where j.seq = e.seq)) as n`,
    [from, to],
  )
  return counts!.n
}
