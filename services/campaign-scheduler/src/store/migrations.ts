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
  {
    id: 'scheduler-0008-legs-and-places',
    sql: `
alter table scheduler.campaigns
  -- The legs with their artifacts as they were when it was planned; null: of before there were legs, one leg.
  add column path jsonb,
  add column dynamic_ends_at bigint,
  add column rollback_of text,
  add column approval_needed jsonb not null default '[]',
  add column approved_by text,
  add column approved_at bigint,
  -- How many devices were left out, by reason.
  add column left_out_by jsonb not null default '{}';
alter table scheduler.upgrades
  add column leg integer not null default 1,
  add column site text,
  add column zone text,
  add column artifact_id text;
alter table scheduler.upgrades drop constraint upgrades_campaign_id_device_key_key;
create unique index upgrades_of_device_by_leg on scheduler.upgrades (campaign_id, device_key, leg);
-- Since when it waits to be opened after its gate passed, and what the outside said last.
alter table scheduler.waves drop constraint waves_advance_check;
alter table scheduler.waves
  add column advance_after_ms bigint,
  add column external_answer jsonb;
`,
  },
  {
    id: 'scheduler-0030-use-of-caps',
    sql: `
-- From when on the next image may be started without the line's budget being overdrawn.
alter table scheduler.campaigns add column egress_until bigint;

-- Work under way at a site, by campaign. Moved in the transaction that moves the upgrades.
create table scheduler.site_use (
  campaign_id text not null references scheduler.campaigns,
  site        text not null,
  in_flight   bigint not null default 0,
  unproven    bigint not null default 0,
  primary key (campaign_id, site)
);
create index site_use_by_site on scheduler.site_use (site) where in_flight <> 0 or unproven <> 0;
insert into scheduler.site_use (campaign_id, site, in_flight, unproven)
  select campaign_id, site, count(*) filter (where counts_as = 'in_flight'), count(*) filter (where counts_as = 'unproven')
  from scheduler.upgrades where site is not null and counts_as in ('in_flight', 'unproven') group by 1, 2;

-- Starts by the second; kept for as long as a cap looks back.
create table scheduler.starts (
  campaign_id text not null references scheduler.campaigns,
  second      bigint not null,
  n           bigint not null,
  primary key (campaign_id, second)
);
create index starts_by_second on scheduler.starts (second);

-- How long devices took to come back, in classes each 9 % wider than the one before: the middle one is found without looking at the devices.
create table scheduler.return_times (
  campaign_id text not null references scheduler.campaigns,
  wave        integer not null,
  class       integer not null,
  n           bigint not null,
  primary key (campaign_id, wave, class)
);
insert into scheduler.return_times (campaign_id, wave, class, n)
  select campaign_id, wave, floor(8 * log(2.0, greatest(1, returned_ms)::numeric))::integer, count(*)
  from scheduler.upgrades where returned_ms is not null group by 1, 2, 3;
`,
  },
  {
    id: 'scheduler-0031-outside-gate',
    sql: `
-- When somebody outside is asked next whether the next wave may open; null: nobody is.
alter table scheduler.waves add column ask_outside_at bigint;
create index waves_to_ask_outside on scheduler.waves (ask_outside_at) where ask_outside_at is not null;
`,
  },
  {
    id: 'scheduler-0050-owners',
    sql: `
-- Schedulers, and until when each is taken to be alive: by the clock of this database, which all of them share.
create table scheduler.replicas (
  replica     text primary key,
  alive_until timestamptz not null
);
-- Who looks after a campaign; null: whoever comes first. The epoch grows with every owner: a former one is known by it.
create table scheduler.owners (
  campaign_id text primary key,
  owner       text,
  epoch       bigint not null
);
create index owners_by_owner on scheduler.owners (owner) where owner is not null;
create index campaigns_not_over on scheduler.campaigns (campaign_id) where state not in ('aborted', 'finished');
`,
  },
  {
    // An upgrade is written once when it is planned: its machine's record comes with the first fact, and waves are set
    // by the ranks they begin with, of which few rows are wrong.
    id: 'scheduler-0010-lean-plans',
    sql: `
alter table scheduler.upgrades alter column machine drop not null;
drop index scheduler.upgrades_to_rank;
alter table scheduler.campaigns add column wave_bounds text[];
update scheduler.waves w set size = 0 from scheduler.campaigns c where c.campaign_id = w.campaign_id and c.plan_stage <> 'planned';
delete from scheduler.tallies t using scheduler.campaigns c where c.campaign_id = t.campaign_id and c.plan_stage <> 'planned';
`,
  },
  {
    id: 'scheduler-0060-reports-and-requests',
    sql: `
-- What was decided about a campaign, among millions of entries about its upgrades.
create index journal_acts on scheduler.journal (campaign_id, seq) where kind like 'campaign.%';
-- A repeated create plans nothing twice.
create table scheduler.create_requests (
  actor       text not null,
  request_id  text not null,
  draft_hash  text not null,
  campaign_id text not null,
  at          bigint not null,
  primary key (actor, request_id)
);
`,
  },
  {
    // Fewer indexes to write for each planned upgrade: what waits and what does not have one each, and that of devices
    // begins with the device. The campaign of an upgrade is locked by whoever plans it: there is nothing to check.
    id: 'scheduler-0011-fewer-indexes',
    sql: `
create unique index upgrades_of_device on scheduler.upgrades (device_key, campaign_id, leg);
drop index scheduler.upgrades_of_device_by_leg;
drop index scheduler.upgrades_by_device;
create index upgrades_not_waiting on scheduler.upgrades (campaign_id, wave, upgrade_id) where state not in ('pending', 'retry');
drop index scheduler.upgrades_by_wave;
alter table scheduler.upgrades drop constraint upgrades_campaign_id_fkey;
`,
  },
  {
    id: 'scheduler-0012-dynamic',
    sql: `
alter table scheduler.campaigns
  -- When it is looked next for who has come to fit the targets; null: nobody joins (any more).
  add column join_at bigint,
  -- From when on changes of the inventory have not been looked at, and where in the look that is under way we are.
  add column join_since bigint,
  add column join_from bigint,
  add column join_cursor text;
create index campaigns_to_join on scheduler.campaigns (join_at) where join_at is not null;
`,
  },
  {
    id: 'scheduler-0040-kept-settings',
    sql: `
-- Settings of devices under way, sealed with a key that gateways alone have, until nothing can be put back any more.
create table scheduler.kept_settings (
  upgrade_id text primary key references scheduler.upgrades on delete cascade,
  attempt_id text not null unique,
  device_key text not null,
  settings   jsonb not null,
  kept_at    bigint not null
);
`,
  },
  {
    id: 'scheduler-0051-erasure',
    sql: `
-- When the devices of a campaign that is over were forgotten.
alter table scheduler.campaigns add column devices_erased_at bigint;
create index campaigns_to_forget on scheduler.campaigns (updated_at)
  where state in ('aborted', 'finished') and devices_erased_at is null;
`,
  },
  {
    // What retention looks for among millions, each in statements that have ten seconds.
    id: 'scheduler-0052-forgetting-at-scale',
    sql: `
create index attempts_by_upgrade on scheduler.attempts (upgrade_id);
create index journal_of_nobody on scheduler.journal (at, seq) where campaign_id is null and device_key is not null;
create index journal_events on scheduler.journal (campaign_id, seq) where direction = 'out';
`,
  },
  {
    id: 'scheduler-0060-releases',
    sql: `
-- What the verifier told of releases: campaigns are covered, or not, without asking it.
create table scheduler.releases (
  release_id text primary key,
  sha256     text not null,
  size       bigint not null,
  statement  jsonb not null,
  expires_at bigint not null
);
create index releases_of_image on scheduler.releases (sha256, size);
create table scheduler.revoked_releases (
  release_id text primary key,
  reason     text not null,
  at         bigint not null
);
-- The highest counter of a product line behind which a version stands that devices report.
create table scheduler.release_versions (
  product text not null,
  version text not null,
  counter bigint not null,
  primary key (product, version)
);
`,
  },
  {
    // Counters are read from the releases themselves, for each model that they name, and without those that were revoked.
    id: 'scheduler-0061-counters-by-model',
    sql: `
drop table scheduler.release_versions;
create index releases_of_line on scheduler.releases ((statement->>'product'));
`,
  },
  {
    id: 'scheduler-0070-retries',
    sql: `
-- The campaign whose devices it tries again, and after which outcomes.
alter table scheduler.campaigns add column retry_of jsonb;
`,
  },
  {
    id: 'scheduler-0071-further-legs',
    sql: `
-- How many of a wave's upgrades follow on a stepping stone: all others are devices.
alter table scheduler.waves add column further_legs bigint not null default 0;
update scheduler.waves w set further_legs = legs.n
from (select u.campaign_id, u.wave, count(*) as n from scheduler.upgrades u join scheduler.campaigns c using (campaign_id)
      where u.leg > 1 and c.dynamic_ends_at is not null and c.state not in ('aborted', 'finished') group by 1, 2) legs
where w.campaign_id = legs.campaign_id and w.wave = legs.wave;
`,
  },
  {
    // Before a campaign is forgotten: whether anything of it has still a timer.
    id: 'scheduler-0072-not-over-by-campaign',
    sql: `
create index upgrades_with_timer on scheduler.upgrades (campaign_id) where due_at is not null;
`,
  },
  {
    id: 'scheduler-0073-hints-again',
    sql: `
-- When a wave's devices were last hinted, null: as it was opened. Gateways do not remember for ever who has not come since.
alter table scheduler.waves add column hinted_at bigint;
-- How long a sweep rests after each page.
alter table scheduler.sweeps add column rest_ms bigint not null default 0;
`,
  },
  {
    id: 'scheduler-0074-closing',
    sql: `
alter table scheduler.sweeps drop constraint sweeps_kind_check;
alter table scheduler.sweeps add constraint sweeps_kind_check check (kind in ('hint', 'close', 'withdraw', 'revoke'));
`,
  },
  {
    id: 'scheduler-0075-stopped-until',
    sql: `
-- Until when the downloads of an aborted campaign are refused by name: no credentials that were given for it hold longer.
alter table scheduler.campaigns add column stopped_until bigint;
`,
  },
  {
    id: 'scheduler-0072-device-changes',
    sql: `
-- The last that was heard of devices that moved or went while campaigns took devices in, for a page that was read before.
create table scheduler.device_changes (
  device_key text primary key,
  change     jsonb not null,
  heard_at   bigint not null
);
create index device_changes_by_age on scheduler.device_changes (heard_at);
`,
  },
  {
    id: 'scheduler-0076-kept-reports',
    sql: `
-- What came of a campaign, all but the campaign itself, from before its devices were forgotten; null: it could not be written.
create table scheduler.kept_reports (
  campaign_id text primary key references scheduler.campaigns,
  report      jsonb,
  tries       integer not null default 0
);
`,
  },
]
