import type { Migration } from '@sluice/sql'

export const SCHEMA = 'verifier'

export const migrations: readonly Migration[] = [
  {
    id: '001-trust-and-verdicts',
    sql: `
      create table trust_keys (
        key_id text collate "C" primary key,
        name text not null,
        public_key_pem text not null,
        ouis text[] not null,
        added_at bigint not null,
        added_by text not null,
        revoked_at bigint,
        revoked_by text,
        revoked_reason text
      );
      create table verdicts (
        artifact_id text collate "C" not null,
        sha256 text not null,
        trusted boolean not null,
        verdict jsonb not null,
        fits jsonb not null,
        vouching_keys text[] not null,
        judged_at bigint not null,
        withdrawn_at bigint,
        primary key (artifact_id, sha256)
      );
      create index verdicts_that_hold on verdicts using gin (vouching_keys) where trusted and withdrawn_at is null;
    `,
  },
]
