import type { Migration } from './sql.ts'

/**
 * `journal` is only ever inserted into. What is still to be done with a row stands beside it, in two tables whose rows are deleted when done:
 * `journal_outbox` (to publish) and `journal_unsealed` (to put into the hash chain). A high-water mark would skip rows: sequence numbers are
 * taken before the commit, so a lower one can appear after a higher one. `journal_refused` marks events that the bus will never take.
 */
export const journalMigrations: readonly Migration[] = [
  {
    id: 'journal-001',
    sql: `
create table journal (
  seq bigint generated always as identity primary key,
  direction text not null check (direction in ('in', 'out', 'note')),
  id text check ((id is null) = (direction = 'note')),
  key text check ((key is null) = (direction <> 'out')),
  at bigint not null,
  actor text not null,
  kind text not null,
  traceparent text,
  campaign_id text,
  upgrade_id text,
  attempt_id text,
  device_key text,
  data jsonb not null
);
create unique index journal_in_once on journal (id) where direction = 'in';
create unique index journal_out_once on journal (id) where direction = 'out';
create index journal_by_campaign on journal (campaign_id, seq) where campaign_id is not null;
create index journal_by_upgrade on journal (upgrade_id, seq) where upgrade_id is not null;
create index journal_by_attempt on journal (attempt_id, seq) where attempt_id is not null;
create index journal_by_device on journal (device_key, seq) where device_key is not null;

create function refuse_journal_change() returns trigger language plpgsql as $$
begin
  raise exception 'the journal is append-only';
end $$;
create trigger journal_append_only before update or delete on journal for each row execute function refuse_journal_change();
create trigger journal_no_truncate before truncate on journal for each statement execute function refuse_journal_change();

create table journal_outbox (seq bigint primary key);
create table journal_unsealed (seq bigint primary key);
create table journal_batch (
  number bigint primary key,
  seqs bigint[] not null,
  previous_hash text not null,
  hash text not null,
  sealed_at timestamptz not null
);
create table journal_relay (
  only_row boolean primary key default true check (only_row),
  owner text not null,
  held_until timestamptz not null
);`,
  },
  {
    id: 'journal-002-refused',
    sql: `
create table journal_refused (
  seq bigint primary key,
  reason text not null,
  refused_at timestamptz not null default now()
);`,
  },
  {
    // From format 2 on a batch is made of the hashes of its rows: an erased row leaves its hash, and the chain holds.
    id: 'journal-003-row-hashes',
    sql: `
alter table journal_batch add column format smallint not null default 1;
create table journal_erased (
  seq bigint primary key,
  hash text not null,
  erased_at bigint not null,
  reason text not null
);`,
  },
  {
    // Rows go only where their hashes stay: by `erase`, which says so in its transaction.
    id: 'journal-004-erasing',
    sql: `
create or replace function refuse_journal_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and current_setting('sluice.erasing', true) = 'on' then return old; end if;
  raise exception 'the journal is append-only';
end $$;`,
  },
]
