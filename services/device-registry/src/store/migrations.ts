import type { Migration } from '@sluice/sql'

export const migrations: readonly Migration[] = [
  {
    id: '001-devices',
    sql: `
      create table devices (
        device_key text collate "C" primary key,
        name text not null unique,
        manufacturer text not null,
        oui text not null,
        product_class text not null,
        serial_number text not null,
        hardware_version text,
        software_version text,
        last_inform_at bigint,
        first_seen_at bigint not null,
        last_events jsonb not null default '[]',
        connection_request_url text,
        tags text[] not null default '{}',
        username text,
        sealed_password bytea
      );
      create index devices_by_model on devices (oui, product_class, device_key);
    `,
  },
]
