import { createHash } from 'node:crypto'
import { storedColumns, type StoredRow } from './journal-read.ts'
import type { Queryable, Sql } from './sql.ts'

export type ChainVerdict =
  | {
      readonly kind: 'intact'
      readonly batches: number
      readonly rows: number
      /** Committed, not yet in the chain. */
      readonly unsealed: number
      /** Hash of the last batch. */
      readonly head: string
    }
  | {
      readonly kind: 'broken'
      readonly batch: number
      readonly reason: 'row_changed' | 'row_missing' | 'batch_missing' | 'row_added'
    }

const rowsPerBatch = 1000
const genesis = '0'.repeat(64)

type Batch = { number: number; seqs: number[]; previous_hash: string; hash: string }

/** Sealing happens after the commits, one sealer at a time: transactions that write the journal never wait for the chain, and it cannot fork. */
export async function sealBatch(sql: Sql, schema: string): Promise<number> {
  const [waiting] = await sql.query(`select 1 from ${schema}.journal_unsealed limit 1`)
  if (!waiting) return 0
  return sql.transaction(async (tx) => {
    await tx.query(`lock table ${schema}.journal_batch in exclusive mode`)
    const [last] = await tx.query<Batch>(
      `select number, hash from ${schema}.journal_batch order by number desc limit 1`,
    )
    const rows = await tx.query<StoredRow>(
      `select ${storedColumns} from ${schema}.journal_unsealed join ${schema}.journal using (seq) order by seq limit ${rowsPerBatch}`,
    )
    if (rows.length === 0) return 0

    const seqs = rows.map((row) => row.seq)
    const previousHash = last?.hash ?? genesis
    await tx.query(
      `insert into ${schema}.journal_batch (number, seqs, previous_hash, hash, sealed_at) values ($1, $2, $3, $4, now())`,
      [(last?.number ?? 0) + 1, seqs, previousHash, hashBatch(previousHash, rows)],
    )
    await tx.query(`delete from ${schema}.journal_unsealed where seq = any($1::bigint[])`, [seqs])
    return rows.length
  })
}

export async function verifyChain(sql: Sql, schema: string): Promise<ChainVerdict> {
  return sql.transaction(async (tx) => {
    await tx.query('set transaction isolation level repeatable read, read only')
    let head = genesis
    let batches = 0
    let rows = 0
    for (;;) {
      const batch = await nextBatch(tx, schema, batches)
      if (!batch) break
      if (batch.number !== batches + 1 || batch.previous_hash !== head) return broken(batches + 1, 'batch_missing')
      const sealed = await rowsOf(tx, schema, batch)
      if (sealed.length !== batch.seqs.length) return broken(batch.number, 'row_missing')
      if (hashBatch(head, sealed) !== batch.hash) return broken(batch.number, 'row_changed')
      head = batch.hash
      batches++
      rows += sealed.length
    }
    const { total, unsealed } = await countRows(tx, schema)
    if (total < rows + unsealed) return broken(batches + 1, 'row_missing')
    if (total > rows + unsealed) return broken(batches + 1, 'row_added')
    return { kind: 'intact', batches, rows, unsealed, head }
  })
}

const broken = (batch: number, reason: (ChainVerdict & { kind: 'broken' })['reason']): ChainVerdict => ({
  kind: 'broken',
  batch,
  reason,
})

async function nextBatch(tx: Queryable, schema: string, after: number): Promise<Batch | undefined> {
  const [batch] = await tx.query<Batch>(
    `select number, seqs, previous_hash, hash from ${schema}.journal_batch where number > $1 order by number limit 1`,
    [after],
  )
  return batch
}

function rowsOf(tx: Queryable, schema: string, batch: Batch): Promise<StoredRow[]> {
  return tx.query(`select ${storedColumns} from ${schema}.journal where seq = any($1::bigint[]) order by seq`, [
    batch.seqs,
  ])
}

async function countRows(tx: Queryable, schema: string): Promise<{ total: number; unsealed: number }> {
  const [counts] = await tx.query<{ total: number; unsealed: number }>(
    `select (select count(*) from ${schema}.journal) as total, (select count(*) from ${schema}.journal_unsealed) as unsealed`,
  )
  return counts ?? { total: 0, unsealed: 0 }
}

/** sha256(previous hash, then one line per row): JSON with the columns in the order of `storedColumns` and the keys of objects sorted. */
function hashBatch(previousHash: string, rows: readonly StoredRow[]): string {
  const columns = storedColumns.split(', ') as (keyof StoredRow)[]
  const hash = createHash('sha256').update(previousHash)
  for (const row of rows) hash.update(`\n${canonicalJson(columns.map((column) => row[column]))}`)
  return hash.digest('hex')
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}
