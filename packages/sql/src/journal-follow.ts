import type { ChainEntry } from '@sluice/audit-chain'
import { type Batch, MOST_BYTES, type Place, placeText, readPlace } from './chain-place.ts'
import type { JournalSubjects } from './journal-entry.ts'
import { type StoredRow, storedColumns, toChainEntry } from './journal-read.ts'
import type { Queryable, Sql } from './sql.ts'

export interface Followed {
  readonly entries: readonly ChainEntry[]
  /** Where to go on. */
  readonly next: string
  /** All that was sealed so far was looked at. */
  readonly end: boolean
}

/** Batches that one page looks through: for who follows little of a long journal, few pages; for the database, a bound. */
const MOST_BATCHES = 1_000

/**
 * What was sealed after a place, in the order of sealing, which passes nothing over; of `about` alone where that is
 * said. Erased rows, and such as cannot travel, are left out. At the end of the journal it costs the same however long
 * that is: nothing is counted, and of batches without a row of `about` no row is read.
 */
export async function followChain(
  sql: Sql,
  schema: string,
  { after, limit, about = {} }: { readonly after: string; readonly limit: number; readonly about?: JournalSubjects },
): Promise<Followed> {
  let place = readPlace(after)
  const entries: ChainEntry[] = []
  let bytes = MOST_BYTES
  return sql.transaction(async (tx) => {
    await tx.query('set transaction isolation level repeatable read, read only')
    const lastBatch = await findLastBatch(tx, schema)
    const upTo = Math.min(lastBatch, place.batch + MOST_BATCHES)
    for (;;) {
      const batch = await nextBatch(tx, schema, place, upTo, about)
      if (batch === undefined) {
        return { entries, next: `${Math.max(upTo, place.batch)}`, end: upTo === lastBatch || place.batch > lastBatch }
      }
      const after = place.batch === batch.number ? place.seq : 0
      const rest = limit - entries.length
      const rows = await rowsOf(tx, schema, batch, after, rest, about)
      for (const row of rows) {
        const entry = toChainEntry(row)
        const size = Buffer.byteLength(JSON.stringify(entry))
        if (entries.length > 0 && size <= MOST_BYTES && size > bytes) {
          return { entries, next: placeText(place), end: false }
        }
        place = { batch: batch.number, seq: row.seq }
        if (size > MOST_BYTES) continue
        entries.push(entry)
        bytes -= size
      }
      if (entries.length === limit) return { entries, next: placeText(place), end: false }
      if (rows.length < rest) place = { batch: batch.number, seq: 0 }
    }
  })
}

async function findLastBatch(tx: Queryable, schema: string): Promise<number> {
  const [found] = await tx.query<{ last: number | null }>(`select max(number) as last from ${schema}.journal_batch`)
  return found?.last ?? 0
}

/** A row of theirs may lie between the first and the last of a batch and belong to another: the batch is looked at for nothing. */
async function nextBatch(
  tx: Queryable,
  schema: string,
  { batch, seq }: Place,
  upTo: number,
  about: JournalSubjects,
): Promise<Pick<Batch, 'number' | 'seqs'> | undefined> {
  const { conditions, values } = conditionsOf(about, 3)
  const has =
    conditions === ''
      ? ''
      : `and exists (select 1 from ${schema}.journal where seq between seqs[1] and seqs[array_upper(seqs, 1)] ${conditions})`
  const [found] = await tx.query<Pick<Batch, 'number' | 'seqs'>>(
    `select number, seqs from ${schema}.journal_batch where number >= $1 and number <= $2 ${has} order by number limit 1`,
    [seq === 0 ? batch + 1 : batch, upTo, ...values],
  )
  return found
}

async function rowsOf(
  tx: Queryable,
  schema: string,
  { seqs }: Pick<Batch, 'seqs'>,
  after: number,
  limit: number,
  about: JournalSubjects,
): Promise<StoredRow[]> {
  const wanted = seqs.filter((seq) => seq > after)
  const { conditions, values } = conditionsOf(about, 5)
  return tx.query<StoredRow>(
    `select ${storedColumns} from ${schema}.journal
     where seq between $1 and $2 and seq = any($3::bigint[]) ${conditions} order by seq limit $4`,
    [wanted[0], wanted.at(-1), wanted, limit, ...values],
  )
}

/** With the number of their first parameter. */
function conditionsOf(
  { campaignId, upgradeId, attemptId, deviceKey }: JournalSubjects,
  first: number,
): { conditions: string; values: string[] } {
  const columns = { campaign_id: campaignId, upgrade_id: upgradeId, attempt_id: attemptId, device_key: deviceKey }
  const said = Object.entries(columns).flatMap(([column, value]) => (value === undefined ? [] : [{ column, value }]))
  return {
    conditions: said.map(({ column }, index) => `and ${column} = $${first + index}`).join(' '),
    values: said.map(({ value }) => value),
  }
}
