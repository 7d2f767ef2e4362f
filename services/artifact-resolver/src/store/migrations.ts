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
    id: '010-revoked-releases',
    sql: `
      create table revoked_releases (
        release_id text collate "C" primary key,
        at bigint not null
      );
    `,
  },
]
