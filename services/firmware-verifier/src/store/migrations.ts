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
  {
    id: '002-trust-by-purpose-and-model',
    sql: `
      alter table trust_keys
        add column purposes text[] not null default '{image}',
        add column models jsonb not null default '[]',
        add column valid_from bigint,
        add column valid_until bigint,
        add column succeeds text,
        add column approval_needed boolean not null default false,
        add column approved_at bigint,
        add column approved_by text,
        add column proposed jsonb;
      create table trust_thresholds (
        oui text collate "C" not null,
        -- '': all models of the vendor that have none of their own.
        product_class text collate "C" not null,
        required_keys int not null,
        set_at bigint not null,
        set_by text not null,
        proposed jsonb,
        primary key (oui, product_class)
      );
      -- What a verdict needed when it was given: what is asked of later images does not weigh on it.
      alter table verdicts add column required_keys int not null default 1;
    `,
  },
  {
    id: '003-vouchers',
    sql: `
      -- Each good signature, with the keys it leans on; vouching_keys has all of these keys, to be found by.
      -- Null: judged before there were any, and each of vouching_keys vouched by itself.
      alter table verdicts add column vouchers jsonb;
    `,
  },
  {
    id: '004-releases',
    sql: `
      create table releases (
        release_id text collate "C" primary key,
        product text collate "C" not null,
        sha256 text not null,
        statement jsonb not null,
        -- As it was signed: the evidence.
        envelope jsonb not null,
        vouching_keys text[] not null,
        required_keys int not null,
        added_at bigint not null,
        added_by text not null,
        revoked_at bigint,
        revoked_by text,
        revoked_reason text
      );
      create index releases_by_age on releases (added_at, release_id);
      create index releases_of_image on releases (sha256);
      create index releases_that_hold on releases using gin (vouching_keys) where revoked_at is null;
      -- Which bytes a counter stands for, for good: a release that is revoked gives it back to nobody.
      create table release_counters (
        product text collate "C" not null,
        counter bigint not null,
        sha256 text not null,
        primary key (product, counter)
      );
    `,
  },
  {
    id: '005-thresholds-only-proposed',
    sql: `
      -- Null: a lower one was proposed where none of its own held, and nobody has agreed.
      alter table trust_thresholds alter column required_keys drop not null;
    `,
  },
  {
    id: '006-counters-by-model',
    sql: `
      -- Which bytes a counter stands for is read from the releases themselves, for each model that they name.
      drop table release_counters;
      create index releases_of_line on releases (product, added_at, release_id);
    `,
  },
]
