import type { Migration } from '@sluice/sql'

/** The schema of device tasks. Times are epoch milliseconds. Applied migrations are never edited. */
export const migrations: readonly Migration[] = [
  {
    id: 'tasks-0001',
    sql: `
create table tasks.fleet_tasks (
  fleet_task_id text collate "C" primary key,
  state         text not null check (state in ('planning', 'running', 'done', 'cancelled')),
  filter        jsonb not null,
  -- May hold passwords.
  sealed_action bytea not null,
  -- Without them.
  shown_action  jsonb not null,
  wakes         boolean not null,
  deadline      bigint not null,
  -- Where its plan stands in the inventory.
  plan_cursor   text,
  -- When the next of its wakes may be asked for.
  next_wake_at  bigint not null,
  -- Whose tasks that wait have yet to be cancelled, and by whom.
  cancelled_by  text,
  created_by    text not null,
  created_at    bigint not null,
  ended_at      bigint
);
create index fleet_tasks_under_way on tasks.fleet_tasks (fleet_task_id) where state in ('planning', 'running');
create index fleet_tasks_to_cancel on tasks.fleet_tasks (fleet_task_id) where cancelled_by is not null;
create index fleet_tasks_ended on tasks.fleet_tasks (ended_at) where ended_at is not null;

create table tasks.tasks (
  task_id         text collate "C" primary key,
  device_key      text not null,
  device_name     text not null,
  fleet_task_id   text collate "C" references tasks.fleet_tasks,
  method          text not null,
  -- What is sent; null once the task has ended.
  sealed_call     bytea,
  shown_call      jsonb not null,
  command_key     text,
  state           text not null,
  -- What the machine knows.
  facts           jsonb not null,
  revision        integer not null default 0,
  fault_code      integer,
  sealed_result   bytea,
  sealed_late     bytea,
  upload_bytes    bigint,
  upload_sha256   text,
  wake            text not null default 'not_asked',
  -- When a connection request is asked for.
  wake_at         bigint,
  -- Which credential the call writes, and since when its confirmation is owed.
  credential      text,
  confirm_at      bigint,
  created_by      text not null,
  idempotency_key text,
  created_at      bigint not null,
  deadline        bigint not null,
  updated_at      bigint not null,
  -- When time moves it; null once it has ended.
  due_at          bigint,
  ended_at        bigint
);
create unique index tasks_once on tasks.tasks (device_key, created_by, idempotency_key) where idempotency_key is not null;
create index tasks_by_device on tasks.tasks (device_key, task_id desc);
create index tasks_by_fleet on tasks.tasks (fleet_task_id, task_id desc) where fleet_task_id is not null;
-- Those of a fleet task are cancelled page by page.
create index tasks_waiting_of_fleet on tasks.tasks (fleet_task_id, task_id)
  where state = 'waiting' and fleet_task_id is not null;
create index tasks_waiting on tasks.tasks (task_id) where state = 'waiting';
create index tasks_open on tasks.tasks (device_key) where ended_at is null;
create index tasks_due on tasks.tasks (due_at) where due_at is not null;
create index tasks_to_wake on tasks.tasks (wake_at) where wake_at is not null;
create index tasks_awaited on tasks.tasks (device_key) where wake not in ('not_asked', 'accepted');
create index tasks_to_confirm on tasks.tasks (confirm_at) where confirm_at is not null;
create index tasks_ended on tasks.tasks (ended_at) where ended_at is not null;

-- How many tasks of a fleet task stand in a state. Moved in the transaction that moves them.
create table tasks.fleet_tallies (
  fleet_task_id text collate "C" not null references tasks.fleet_tasks on delete cascade,
  state         text not null,
  n             bigint not null,
  primary key (fleet_task_id, state)
);
`,
  },
  {
    id: 'tasks-0002',
    sql: `
alter table tasks.tasks
  -- How often its device's wake was asked for.
  add column wakes_asked integer not null default 0,
  -- Which issue of a credential was written: the one to confirm.
  add column credential_issue text;
create index tasks_by_state on tasks.tasks (state, task_id desc);
-- The one above finds them, too.
drop index tasks.tasks_waiting;
`,
  },
]
