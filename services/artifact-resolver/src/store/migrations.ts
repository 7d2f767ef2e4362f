import type { Migration } from '@sluice/sql'

export const SCHEMA = 'resolver'

export const migrations: readonly Migration[] = [
  {
    id: '001-catalogue',
    sql: `
      create table artifacts (
        artifact_id text collate "C" primary key,
        name text not null,
        fits jsonb not null,
        version text not null,
        software_versions text[] not null,
        format text not null,
        status text not null,
        declared_size bigint,
        declared_sha256 text,
        size bigint,
        sha256 text,
        signatures jsonb not null,
        hosting text not null,
        source_url text,
        verdict jsonb,
        created_at bigint not null,
        created_by text not null,
        import_due_at bigint,
        import_attempts int not null default 0
      );
      create index artifacts_to_import on artifacts (import_due_at) where import_due_at is not null;
    `,
  },
  {
    id: '002-formats-and-statements',
    sql: `
      alter table artifacts
        alter column format drop not null,
        add column boards text[],
        add column statement jsonb;
    `,
  },
  {
    id: '003-imports-and-origins',
    sql: `
      alter table artifacts
        add column import_detail text,
        add column origin_due_at bigint,
        add column origin_checked_at bigint,
        add column origin_failures int not null default 0,
        add column origin_detail text;
      create index artifacts_at_origin on artifacts (origin_due_at) where hosting = 'origin' and status = 'trusted';
    `,
  },
  {
    id: '004-revoked-releases',
    sql: `
      create table revoked_releases (
        release_id text collate "C" primary key,
        at bigint not null
      );
    `,
  },
  {
    id: '005-suspicions',
    sql: `
      alter table artifacts
        add column recheck_due_at bigint,
        add column rechecked_at bigint;
    `,
  },
]
