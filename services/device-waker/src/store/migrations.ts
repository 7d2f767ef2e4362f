import type { Migration } from '@sluice/sql'

export const SCHEMA = 'waker'

export const migrations: readonly Migration[] = [
  {
    id: '001-notified',
    sql: `
      create table notified (
        device_key text collate "C" primary key,
        told_at bigint not null,
        signatures text[] not null
      );
    `,
  },
]
