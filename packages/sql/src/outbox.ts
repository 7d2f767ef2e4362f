import type { Clock } from '@sluice/runtime'
import type { OutgoingEvent } from './journal-entry.ts'
import type { Sql } from './sql.ts'

export type WaitingEvent = { readonly seq: number; readonly event: OutgoingEvent }

/** One replica's right to publish, until it is given back or its lease runs out. */
export type Turn = {
  /** The first events that wait, in the order of `seq`. */
  next(): Promise<WaitingEvent[]>
  /** Keeps the lease while `work` runs. */
  keepDuring(work: () => Promise<void>): Promise<void>
  done(seqs: readonly number[]): Promise<void>
  /** Marks an event as refused for good, and takes it out of the way of the others. */
  setAside(seq: number, reason: string): Promise<void>
  giveBack(): Promise<void>
}

export type OutboxSettings = { readonly schema: string; readonly leaseMs: number; readonly batchSize: number }

export function createOutbox(parts: { sql: Sql; clock: Clock }, settings: OutboxSettings) {
  const { sql, clock } = parts
  const { schema, leaseMs, batchSize } = settings
  let owner: string | undefined

  /** By the database's clock, which all replicas share. */
  const holdLease = async () => {
    const held = await sql.query<{ owner: string }>(
      `insert into ${schema}.journal_relay as relay (owner, held_until)
       values (coalesce($1, gen_random_uuid()::text), clock_timestamp() + $2::int * interval '1 millisecond')
       on conflict (only_row) do update set owner = excluded.owner, held_until = excluded.held_until
       where relay.owner = excluded.owner or relay.held_until < clock_timestamp()
       returning owner`,
      [owner, leaseMs],
    )
    owner = held[0]?.owner ?? owner
    return held.length > 0
  }

  const turn: Turn = {
    next: async () => {
      const rows = await sql.query<{
        seq: number
        id: string
        kind: string
        key: string
        data: unknown
        traceparent: string | null
      }>(
        `select seq, id, kind, key, data, traceparent from ${schema}.journal_outbox join ${schema}.journal using (seq)
         order by seq limit ${batchSize}`,
      )
      return rows.map(({ seq, id, kind, key, data, traceparent }) => ({
        seq,
        event: { id, name: kind, key, data, ...(traceparent !== null && { traceparent }) },
      }))
    },
    keepDuring: async (work) => {
      const stopKeeping = clock.every(leaseMs / 3, () => void holdLease().catch(() => {}))
      try {
        await work()
      } finally {
        stopKeeping()
      }
    },
    done: async (seqs) => {
      await sql.query(`delete from ${schema}.journal_outbox where seq = any($1::bigint[])`, [seqs])
    },
    setAside: async (seq, reason) => {
      await sql.query(
        `with aside as (delete from ${schema}.journal_outbox where seq = $1 returning seq)
         insert into ${schema}.journal_refused (seq, reason) select seq, $2 from aside on conflict do nothing`,
        [seq, reason],
      )
    },
    giveBack: async () => {
      await sql
        .query(`update ${schema}.journal_relay set held_until = '-infinity' where owner = $1`, [owner])
        .catch(() => {})
    },
  }

  return {
    hasWaiting: async () => (await sql.query(`select 1 from ${schema}.journal_outbox limit 1`)).length > 0,
    /** Undefined while another replica has it. */
    takeTurn: async (): Promise<Turn | undefined> => ((await holdLease()) ? turn : undefined),
  }
}
