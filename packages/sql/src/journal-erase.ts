import { hashEntry } from '@sluice/audit-chain'
import type { JournalRow } from './journal-entry.ts'
import { type StoredRow, storedColumns, toChainEntry, toJournalRow } from './journal-read.ts'
import { json } from './encode-value.ts'
import type { Queryable } from './sql.ts'

export interface Erasure {
  /** Epoch milliseconds. */
  readonly at: number
  /** Why: whose wish, or which rule. Stands beside the hash. */
  readonly reason: string
}

/**
 * Takes rows out of the journal, and leaves their hashes: the chain can be recomputed as before. Rows that are not in
 * the chain yet, or not published yet, stay; so do those of batches from before rows had hashes of their own. Answers
 * what was erased: what has to be kept of it is the caller's to note.
 */
export async function eraseRows(
  tx: Queryable,
  schema: string,
  seqs: readonly number[],
  { at, reason }: Erasure,
): Promise<JournalRow[]> {
  if (seqs.length === 0) return []
  const rows = await tx.query<StoredRow>(
    `select ${storedColumns} from ${schema}.journal j where seq = any($1::bigint[])
       and seq > (select coalesce(max(seqs[array_upper(seqs, 1)]), 0) from ${schema}.journal_batch where format = 1)
       and not exists (select 1 from ${schema}.journal_unsealed u where u.seq = j.seq)
       and not exists (select 1 from ${schema}.journal_outbox o where o.seq = j.seq)
       and not exists (select 1 from ${schema}.journal_refused r where r.seq = j.seq)
     order by seq`,
    [seqs],
  )
  if (rows.length === 0) return []
  const hashes = rows.map((row) => ({ seq: row.seq, hash: hashEntry(toChainEntry(row)) }))
  await tx.query(`set local sluice.erasing = 'on'`)
  await tx.query(
    `with hashes as (select seq, hash from jsonb_to_recordset($1::jsonb) as h(seq bigint, hash text)),
     gone as (delete from ${schema}.journal where seq in (select seq from hashes) returning seq)
     insert into ${schema}.journal_erased (seq, hash, erased_at, reason) select seq, hash, $2, $3 from hashes join gone using (seq)`,
    [json(hashes), at, reason],
  )
  await tx.query(`set local sluice.erasing = 'off'`)
  return rows.map(toJournalRow)
}
