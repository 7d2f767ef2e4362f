import type { Sql } from '@sluice/sql'
import type { TravellingEvent } from './prepare-events.ts'

/** A stored event that one consumer has not acknowledged. */
export interface Delivery {
  readonly seq: number
  /** Times it was handed over in vain, and those among them that count against it. */
  readonly tries: number
  readonly failures: number
  readonly id: string
  readonly source: string
  readonly time: number
  readonly body: string
  readonly traceparent: string | undefined
}

/** As NATS does: within this time an id is taken once. */
const DUPLICATE_WINDOW_MS = 120_000
const DEAD_LETTERS_KEPT = 10_000

const SCHEMA = `
  create schema if not exists bus;
  create table if not exists bus.event (
    seq bigint generated always as identity primary key,
    id text not null, name text not null, source text not null, time bigint not null,
    body text not null, traceparent text not null
  );
  create table if not exists bus.delivery (
    consumer text not null, name text not null, seq bigint not null,
    failures int not null default 0, due_at bigint not null default 0,
    primary key (consumer, name, seq)
  );
  alter table bus.delivery add column if not exists tries int not null default 0;
  create index if not exists delivery_seq on bus.delivery (seq);
  create table if not exists bus.seen (id text primary key, at bigint not null);
  create table if not exists bus.dead_letter (
    seq bigint not null, consumer text not null, name text not null, id text not null, source text not null,
    time bigint not null, body text not null, failures int not null, reason text not null, dead_at bigint not null,
    primary key (consumer, seq)
  );
`

/**
 * The rows behind the embedded bus, each method one statement and so one commit. An event lies there once,
 * with one delivery per consumer; who acknowledges last takes the event along.
 */
export interface EmbeddedEvents {
  store(
    events: readonly { readonly event: TravellingEvent; readonly consumers: readonly string[] }[],
    now: number,
  ): Promise<void>
  /** What is due, in the order it was published, without what is under way already. */
  due(consumer: string, name: string, now: number, underWay: readonly number[], limit: number): Promise<Delivery[]>
  /** When the next failed one is due, or undefined. */
  nextDueAt(consumer: string, name: string, underWay: readonly number[]): Promise<number | undefined>
  acknowledge(consumer: string, name: string, seqs: readonly number[]): Promise<void>
  /** `counts`: whether this failure counts against them. */
  postpone(consumer: string, name: string, seqs: readonly number[], dueAt: number, counts: boolean): Promise<void>
  bury(consumer: string, name: string, seq: number, reason: string, now: number): Promise<void>
  pending(consumer: string, name: string): Promise<number>
  /** Forgets ids beyond the duplicate window and the oldest dead letters, and gives their room back. */
  sweep(now: number): Promise<void>
}

export async function openEmbeddedEvents(sql: Sql): Promise<EmbeddedEvents> {
  await sql.query(SCHEMA)
  return {
    async store(events, now) {
      const once = [...new Map(events.map((entry) => [entry.event.id, entry])).values()]
      const wanted = once.flatMap(({ event, consumers }) => consumers.map((consumer) => [event.id, consumer] as const))
      await sql.query(
        `with incoming as (
           select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[])
             with ordinality as t (id, name, source, time, body, traceparent, place)
         ), fresh as (
           insert into bus.seen (id, at) select id, $7::bigint from incoming on conflict do nothing returning id
         ), stored as (
           insert into bus.event (id, name, source, time, body, traceparent)
           select id, name, source, time, body, traceparent from incoming join fresh using (id) order by place
           returning seq, id, name
         )
         insert into bus.delivery (consumer, name, seq)
         select wanted.consumer, stored.name, stored.seq
         from stored join unnest($8::text[], $9::text[]) as wanted (id, consumer) on wanted.id = stored.id`,
        [
          once.map(({ event }) => event.id),
          once.map(({ event }) => event.name),
          once.map(({ event }) => event.source),
          once.map(({ event }) => event.time),
          once.map(({ event }) => event.body),
          once.map(({ event }) => event.traceparent ?? ''),
          now,
          wanted.map(([id]) => id),
          wanted.map(([, consumer]) => consumer),
        ],
      )
    },
    async due(consumer, name, now, underWay, limit) {
      type Row = Omit<Delivery, 'traceparent'> & { traceparent: string }
      const rows = await sql.query<Row>(
        `select d.seq, d.tries, d.failures, e.id, e.source, e.time, e.body, e.traceparent
         from bus.delivery d join bus.event e on e.seq = d.seq
         where d.consumer = $1 and d.name = $2 and d.due_at <= $3 and not (d.seq = any($4::bigint[]))
         order by d.seq limit $5`,
        [consumer, name, now, underWay, limit],
      )
      return rows.map((row) => ({ ...row, traceparent: row.traceparent === '' ? undefined : row.traceparent }))
    },
    async nextDueAt(consumer, name, underWay) {
      const rows = await sql.query<{ due: number | null }>(
        `select min(due_at) as due from bus.delivery where consumer = $1 and name = $2 and not (seq = any($3::bigint[]))`,
        [consumer, name, underWay],
      )
      return rows[0]?.due ?? undefined
    },
    async acknowledge(consumer, name, seqs) {
      await sql.query(
        `with gone as (delete from bus.delivery where consumer = $1 and name = $2 and seq = any($3::bigint[]))
         delete from bus.event e where e.seq = any($3::bigint[])
           and not exists (select 1 from bus.delivery d where d.seq = e.seq and d.consumer <> $1)`,
        [consumer, name, seqs],
      )
    },
    async postpone(consumer, name, seqs, dueAt, counts) {
      await sql.query(
        `update bus.delivery set tries = tries + 1, failures = failures + $5::int, due_at = $4
         where consumer = $1 and name = $2 and seq = any($3::bigint[])`,
        [consumer, name, seqs, dueAt, counts ? 1 : 0],
      )
    },
    async bury(consumer, name, seq, reason, now) {
      await sql.query(
        `with gone as (
           delete from bus.delivery where consumer = $1 and name = $2 and seq = $3 returning failures
         ), buried as (
           insert into bus.dead_letter (seq, consumer, name, id, source, time, body, failures, reason, dead_at)
           select e.seq, $1::text, e.name, e.id, e.source, e.time, e.body, gone.failures, $4::text, $5::bigint
           from bus.event e cross join gone where e.seq = $3 on conflict do nothing
         )
         delete from bus.event e where e.seq = $3
           and not exists (select 1 from bus.delivery d where d.seq = e.seq and d.consumer <> $1)`,
        [consumer, name, seq, reason, now],
      )
    },
    async pending(consumer, name) {
      const rows = await sql.query<{ n: number }>(
        'select count(*) as n from bus.delivery where consumer = $1 and name = $2',
        [consumer, name],
      )
      return rows[0]?.n ?? 0
    },
    async sweep(now) {
      await sql.query('delete from bus.seen where at < $1', [now - DUPLICATE_WINDOW_MS])
      await sql.query(
        'delete from bus.dead_letter where dead_at <= (select dead_at from bus.dead_letter order by dead_at desc offset $1 limit 1)',
        [DEAD_LETTERS_KEPT],
      )
      // PGlite has no autovacuum: without this the room of deleted rows is never used again.
      for (const table of ['event', 'delivery', 'seen']) await sql.query(`vacuum bus.${table}`)
    },
  }
}
