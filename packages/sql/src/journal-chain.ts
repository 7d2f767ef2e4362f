import { type ChainFormat, GENESIS, createVerifier, hashBatch, hashEntry } from '@sluice/audit-chain'
import { readChain } from './journal-audit.ts'
import { type StoredRow, storedColumns, toChainEntry } from './journal-read.ts'
import type { Sql } from './sql.ts'

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
const format: ChainFormat = 2

/** Sealing happens after the commits, one sealer at a time: transactions that write the journal never wait for the chain, and it cannot fork. */
export async function sealBatch(sql: Sql, schema: string): Promise<number> {
  const [waiting] = await sql.query(`select 1 from ${schema}.journal_unsealed limit 1`)
  if (!waiting) return 0
  return sql.transaction(async (tx) => {
    await tx.query(`lock table ${schema}.journal_batch in exclusive mode`)
    const [last] = await tx.query<{ number: number; hash: string }>(
      `select number, hash from ${schema}.journal_batch order by number desc limit 1`,
    )
    const rows = await tx.query<StoredRow>(
      `select ${storedColumns} from ${schema}.journal_unsealed join ${schema}.journal using (seq) order by seq limit ${rowsPerBatch}`,
    )
    if (rows.length === 0) return 0

    const seqs = rows.map((row) => row.seq)
    const previousHash = last?.hash ?? GENESIS
    const hash = hashBatch(
      previousHash,
      rows.map((row) => hashEntry(toChainEntry(row))),
    )
    await tx.query(
      `insert into ${schema}.journal_batch (number, seqs, previous_hash, hash, sealed_at, format) values ($1, $2, $3, $4, now(), $5)`,
      [(last?.number ?? 0) + 1, seqs, previousHash, hash, format],
    )
    await tx.query(`delete from ${schema}.journal_unsealed where seq = any($1::bigint[])`, [seqs])
    return rows.length
  })
}

export async function verifyChain(sql: Sql, schema: string): Promise<ChainVerdict> {
  const verifier = createVerifier()
  let cursor: string | undefined
  for (;;) {
    const page = await readChain(sql, schema, { cursor, limit: rowsPerBatch })
    for (const part of page.parts) {
      const breach = verifier.take(part)
      if (breach !== undefined) return broken(breach.batch, reasonOf(breach.reason))
    }
    if (page.next !== null) {
      cursor = page.next
      continue
    }
    const { batches, entries, head } = verifier.summary()
    const breach = verifier.end()
    if (breach !== undefined) return broken(breach.batch, reasonOf(breach.reason))
    const { stored, unsealed } = page.counts!
    if (stored < entries + unsealed) return broken(batches + 1, 'row_missing')
    if (stored > entries + unsealed) return broken(batches + 1, 'row_added')
    return { kind: 'intact', batches, rows: entries, unsealed, head }
  }
}

type BreachReason = NonNullable<ReturnType<ReturnType<typeof createVerifier>['end']>>['reason']

function reasonOf(reason: BreachReason): (ChainVerdict & { kind: 'broken' })['reason'] {
  switch (reason) {
    case 'entry_changed':
      return 'row_changed'
    case 'entry_missing':
      return 'row_missing'
    case 'entry_added':
      return 'row_added'
    case 'batch_missing':
    case 'head_missing':
      return 'batch_missing'
  }
}

const broken = (batch: number, reason: (ChainVerdict & { kind: 'broken' })['reason']): ChainVerdict => ({
  kind: 'broken',
  batch,
  reason,
})
