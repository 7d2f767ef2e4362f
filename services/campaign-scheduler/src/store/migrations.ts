import type { Migration } from '@sluice/sql'

/** The scheduler's schema. Times are epoch milliseconds. Applied migrations are never edited. */
export const migrations: readonly Migration[] = [
  {
    id: 'scheduler-0001-campaigns',
    sql: `
create table scheduler.campaigns (
  campaign_id  text primary key,
  name         text not null,
  artifact_id  text not null,
  artifact     jsonb not null,
  state        text not null check (state in ('planning', 'ready', 'running', 'paused', 'aborted', 'finished')),
  state_reason text,
  targets      jsonb not null,
  policy       jsonb not null,
  seed         text not null,
  size         bigint not null default 0,
  left_out     bigint not null default 0,
  plan_stage   text not null default 'gathering' check (plan_stage in ('gathering', 'ranking', 'planned')),
  plan_cursor  text,
  ranked       bigint not null default 0,
  -- When its gate is looked at next, without any fact arriving.
  check_at     bigint,
  created_at   bigint not null,
  created_by   text not null,
  updated_at   bigint not null
);
create index campaigns_by_artifact on scheduler.campaigns (artifact_id);
create index campaigns_to_plan on scheduler.campaigns (campaign_id) where plan_stage <> 'planned';
create index campaigns_to_check on scheduler.campaigns (check_at) where check_at is not null;

create table scheduler.waves (
  campaign_id     text not null references scheduler.campaigns,
  wave            integer not null,
  state           text not null check (state in ('closed', 'open', 'passed', 'stopped')),
  advance         text not null check (advance in ('auto', 'manual')),
  size            bigint not null default 0,
  opened_at       bigint,
  -- Since when the gate's figures have held: the soak counts from it.
  reached_at      bigint,
  approved_at     bigint,
  -- The counters an operator resumed with: what is known does not stop the wave again, the next harm does.
  accepted        jsonb,
  median_return_ms bigint,
  gate            text,
  primary key (campaign_id, wave)
);

create table scheduler.upgrades (
  upgrade_id       text primary key,
  campaign_id      text not null references scheduler.campaigns,
  device_key       text not null,
  device_name      text not null,
  oui              text not null,
  product_class    text not null,
  hardware_version text,
  -- Hash of the campaign's seed and the device: the order in which waves are filled.
  rank             text not null,
  wave             integer not null default 0,
  state            text not null,
  counts_as        text not null,
  version          integer not null,
  machine          jsonb not null,
  due_at           bigint,
  attempt_id       text,
  reported_version text,
  returning_at     bigint,
  returned_ms      bigint,
  updated_at       bigint not null,
  unique (campaign_id, device_key)
);
create index upgrades_by_device on scheduler.upgrades (device_key, upgrade_id);
create index upgrades_by_campaign on scheduler.upgrades (campaign_id, upgrade_id);
create index upgrades_by_wave on scheduler.upgrades (campaign_id, wave, upgrade_id);
create index upgrades_to_rank on scheduler.upgrades (campaign_id, rank, device_key) where wave = 0;
create index upgrades_due on scheduler.upgrades (due_at) where due_at is not null;
create index upgrades_returning on scheduler.upgrades (campaign_id, wave, returning_at) where state = 'returning';
create index upgrades_returned on scheduler.upgrades (campaign_id, wave, returned_ms) where returned_ms is not null;

-- Every try there ever was: whose facts are whose.
create table scheduler.attempts (
  attempt_id  text primary key,
  upgrade_id  text not null references scheduler.upgrades,
  campaign_id text not null,
  device_key  text not null,
  offered_at  bigint not null,
  -- When the device named it in an Inform event (M Download), for reports that forget to.
  named_at    bigint
);
create index attempts_by_device on scheduler.attempts (device_key, offered_at desc);
create index attempts_by_campaign on scheduler.attempts (campaign_id, offered_at);

-- One open attempt per device is this primary key.
create table scheduler.open_attempts (
  device_key text primary key,
  attempt_id text not null unique,
  upgrade_id text not null unique references scheduler.upgrades
);

-- How many upgrades of a wave stand in a state and count as a class. Moved in the transaction that moves them.
create table scheduler.tallies (
  campaign_id text not null references scheduler.campaigns,
  wave        integer not null,
  state       text not null,
  counts_as   text not null,
  n           bigint not null,
  primary key (campaign_id, wave, state, counts_as)
);
create index tallies_of_work on scheduler.tallies (counts_as) where counts_as in ('in_flight', 'unproven') and n <> 0;

-- What has to be done to many upgrades, page by page; whoever has time takes the next page.
create table scheduler.sweeps (
  sweep_id    text primary key,
  kind        text not null check (kind in ('hint', 'withdraw', 'revoke')),
  campaign_id text not null references scheduler.campaigns,
  wave        integer,
  after_id    text not null default '',
  reason      text not null,
  actor       text not null
);

-- What single devices said that, said by enough of them, is about all: a model that refuses, an image that is damaged.
create table scheduler.signals (
  campaign_id   text not null references scheduler.campaigns,
  kind          text not null,
  subject       text not null,
  device_key    text not null,
  after_devices integer not null,
  at            bigint not null,
  primary key (campaign_id, kind, subject, device_key)
);

create table scheduler.revoked_artifacts (
  artifact_id text primary key,
  reason      text not null,
  at          bigint not null
);

-- Whoever changes a global cap's use holds this row.
create table scheduler.global_cap (one boolean primary key default true check (one));
insert into scheduler.global_cap default values;
`,
  },
  {
    // What is accepted has another shape now. Nothing is accepted where it is not known class by class.
    id: 'scheduler-0002-accepted-harm',
    sql: `update scheduler.waves set accepted = null where accepted is not null;`,
  },
  {
    id: 'scheduler-0003-placements',
    sql: `
create index upgrades_not_final on scheduler.upgrades (upgrade_id) where due_at is not null;
create index upgrades_waiting on scheduler.upgrades (campaign_id, wave, upgrade_id) where state in ('pending', 'retry');
`,
  },
  {
    // When a sweep's next page is to be done: its turn among others, and a rest after a page that failed.
    id: 'scheduler-0004-sweep-turns',
    sql: `alter table scheduler.sweeps add column next_at bigint not null default 0;`,
  },
  {
    id: 'scheduler-0005-outages',
    sql: `
-- When a scheduler was last at work.
create table scheduler.heartbeat (one boolean primary key default true check (one), alive_at bigint);
insert into scheduler.heartbeat default values;
-- Times in which none was, for which not everybody has been excused yet.
create table scheduler.outages (
  outage_id text primary key,
  from_at   bigint not null,
  to_at     bigint not null,
  after_id  text not null default ''
);
create index upgrades_under_way on scheduler.upgrades (upgrade_id) where counts_as in ('in_flight', 'unproven');
`,
  },
  {
    // A try that waits for the next one can be excused as well.
    id: 'scheduler-0006-excusable',
    sql: `
create index upgrades_excusable on scheduler.upgrades (upgrade_id)
  where counts_as in ('in_flight', 'unproven') or state = 'retry';
drop index scheduler.upgrades_under_way;
`,
  },
  {
    id: 'scheduler-0007-backups',
    sql: `
-- Configurations that devices were sent to put before their upgrade.
create table scheduler.backups (
  upgrade_id  text primary key references scheduler.upgrades,
  asked_at    bigint not null,
  received_at bigint
);
`,
  },
]
