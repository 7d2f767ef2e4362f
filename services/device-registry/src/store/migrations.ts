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
  {
    id: '002-what-informs-tell',
    sql: `
      alter table devices
        add column data_model_root text,
        add column cwmp_version text,
        add column udp_address text,
        add column nat_detected boolean,
        add column jabber_id text,
        add column gateway_name text,
        add column proxied text,
        add column last_wake_up_at bigint,
        -- Code of what was tolerated -> when it was last, epoch ms.
        add column leniencies jsonb not null default '{}',
        add column logs_bodies boolean not null default false;
      create index devices_that_log_bodies on devices (device_key) where logs_bodies;

      create function latest_leniencies(known jsonb, seen jsonb) returns jsonb language sql immutable as $$
        select coalesce(jsonb_object_agg(code, last_at), '{}')
        from (
          select code, max(at::bigint) as last_at
          from (select * from jsonb_each_text(known) union all select * from jsonb_each_text(seen)) as told (code, at)
          group by code order by last_at desc, code limit 64
        ) as latest
      $$;
    `,
  },
  {
    id: '003-credentials',
    sql: `
      -- Of one device for one purpose: what holds, and what was issued and not seen in use yet.
      create table credentials (
        device_key text collate "C" not null references devices on delete cascade,
        purpose text not null check (purpose in ('cwmp', 'connection_request', 'xmpp')),
        username text,
        sealed_password bytea,
        pending_username text,
        sealed_pending_password bytea check ((pending_username is null) = (sealed_pending_password is null)),
        primary key (device_key, purpose)
      );
      insert into credentials (device_key, purpose, username, sealed_password)
        select device_key, 'cwmp', username, sealed_password from devices
        where username is not null or sealed_password is not null;
      alter table devices drop column username, drop column sealed_password;

      create table bootstrap_credentials (
        oui text not null,
        product_class text not null,
        username text not null,
        sealed_password bytea not null,
        primary key (oui, product_class)
      );
      -- Who had a credential of its own and was let in with its model's again, by hours since 1970.
      create table bootstrap_returns (
        hour bigint not null,
        device_key text collate "C" not null,
        primary key (hour, device_key)
      );
    `,
  },
  {
    id: '004-message-log',
    sql: `
      create table device_messages (
        device_key text collate "C" not null,
        at bigint not null,
        -- The event that brought it, and its place in there: a redelivery is known by them.
        event_id text collate "C" not null,
        place integer not null,
        session_id text not null,
        sender text not null,
        method text not null,
        command_key text,
        events jsonb,
        fault_code integer,
        warnings jsonb,
        bytes bigint not null,
        body text,
        traceparent text,
        primary key (device_key, at, event_id, place)
      );
      -- Rows come in the order of their time: this finds the oldest for a few bytes.
      create index device_messages_by_age on device_messages using brin (at);
    `,
  },
  {
    id: '005-gateway-rules',
    sql: `
      create table profiles (
        name text collate "C" primary key,
        profile jsonb not null,
        updated_at bigint not null,
        updated_by text not null
      );
      create table redirects (
        name text collate "C" primary key,
        rule jsonb not null
      );
      -- One row: whoever changes the rules holds it until the commit.
      create table rules (
        only_row boolean primary key default true check (only_row),
        revision bigint not null,
        -- Of the profiles that came with this version of Sluice, and when they came.
        shipped_digest text not null,
        shipped_at bigint not null
      );
      insert into rules (revision, shipped_digest, shipped_at) values (0, '', 0);
    `,
  },
  {
    id: '006-former-credentials',
    sql: `
      alter table credentials
        -- The session that what is pending was issued in, of a device that came back with its model's credential.
        add column pending_session text,
        -- Of what was issued since the last confirmation, some went to such a device: what it takes the place of is kept.
        add column pending_keeps_own boolean not null default false,
        -- What was kept, and is accepted until then (epoch ms).
        add column former_username text,
        add column sealed_former_password bytea,
        add column former_until bigint;
    `,
  },
  {
    id: '007-places',
    sql: `
      alter table devices
        add column site text,
        add column region text,
        add column access_node text,
        add column zone text,
        -- When something last changed that targets may ask for.
        add column changed_at bigint;
      update devices set changed_at = first_seen_at;
      alter table devices alter column changed_at set not null, alter column changed_at set default 0;
      create index devices_by_change on devices (changed_at, device_key);
    `,
  },
  {
    id: '008-targets',
    sql: `
      -- By what targets narrow the inventory; none of them changes with an idle Inform.
      create index devices_by_software_version on devices (software_version);
      create index devices_by_serial_number on devices (serial_number);
      create index devices_by_site on devices (site) where site is not null;
      create index devices_by_access_node on devices (access_node) where access_node is not null;
    `,
  },
]
