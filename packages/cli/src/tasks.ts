import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DeviceTask } from '@sluice/contracts'
import { type Command, type Invocation, UsageError, textOf } from './command.ts'
import { callOf, millisecondsOf } from './device-call.ts'
import { tableOf } from './table.ts'
import { TASK_HEADER, taskLines, taskRows } from './task-lines.ts'

const OVER: readonly DeviceTask['state'][] = ['done', 'faulted', 'lost', 'timed_out', 'cancelled']
/** Below the deadline of one answer of the API. */
const LONGEST_ANSWER_MS = 20_000
const LOOK_MS = 1_000

export const taskCommands: readonly Command[] = [
  {
    name: 'call',
    usage: "<device> <method> ['{json}'] [--now] [--wait <seconds>]",
    summary: 'Call an RPC of one device: at its next session, or now; with --wait the exit code tells how it ended',
    positionals: 3,
    needs: 2,
    options: {
      now: { type: 'boolean' },
      wait: { type: 'string' },
      deadline: { type: 'string' },
      'idempotency-key': { type: 'string' },
      json: { type: 'boolean' },
    },
    run: callDevice,
  },
  {
    name: 'tasks list',
    usage: '<device> | --fleet <fleet task> [--state <state>]',
    summary: 'The tasks of a device or of a fleet task, newest first, up to 1000 of them',
    positionals: 1,
    options: { fleet: { type: 'string' }, state: { type: 'string' } },
    run: listTasks,
  },
  {
    name: 'tasks show',
    usage: '<task>',
    summary: 'One task with its result',
    positionals: 1,
    options: { json: { type: 'boolean' } },
    run: async ({ client, positionals, values, say }) =>
      show(await client.call('getTask', { params: { taskId: positionals[0]! } }), values['json'] === true, say),
  },
  {
    name: 'tasks cancel',
    usage: '<task>',
    summary: 'End a task that still waits',
    positionals: 1,
    options: {},
    run: async ({ client, positionals, say }) => {
      const task = await client.call('cancelTask', { params: { taskId: positionals[0]! } })
      say(`${task.taskId} ${task.state}`)
    },
  },
  {
    name: 'tasks fetch',
    usage: '<task> <file>',
    summary: 'Save the file that a device uploaded for a task',
    positionals: 2,
    options: {},
    run: async ({ client, positionals, say }) => {
      const [taskId, file] = positionals as [string, string]
      const content = await client.fetchUpload(taskId)
      // Configurations hold passwords.
      writeFileSync(file, content, { mode: 0o600 })
      say(`${content.length} bytes`)
    },
  },
]

async function callDevice({ client, positionals, values, say, signal }: Invocation): Promise<boolean> {
  const [device, method, json] = positionals as [string, string, string | undefined]
  const waitMs = millisecondsOf(textOf(values, 'wait'), 'wait') ?? 0
  const deadlineMs = millisecondsOf(textOf(values, 'deadline'), 'deadline')
  const idempotencyKey = textOf(values, 'idempotency-key')
  const until = performance.now() + waitMs
  let task = await client.call('createTask', {
    params: { device },
    query: waitMs === 0 ? {} : { waitMs: Math.min(waitMs, LONGEST_ANSWER_MS) },
    body: {
      call: callOf(method, json),
      ...(values['now'] === true ? { when: 'now' } : {}),
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    },
  })
  while (!OVER.includes(task.state) && performance.now() < until) {
    await sleep(LOOK_MS, undefined, { signal })
    task = await client.call('getTask', { params: { taskId: task.taskId } })
  }
  show(task, values['json'] === true, say)
  return waitMs === 0 ? task.state !== 'faulted' : task.state === 'done'
}

function show(task: DeviceTask, asJson: boolean, say: (line: string) => void): void {
  for (const line of asJson ? [JSON.stringify(task)] : taskLines(task)) say(line)
}

async function listTasks({ client, positionals, values, say }: Invocation): Promise<void> {
  const device = positionals[0]
  const fleetTaskId = textOf(values, 'fleet')
  const state = textOf(values, 'state')
  const query = { limit: 1_000, ...(state === undefined ? {} : { state: state as DeviceTask['state'] }) }
  if ((device === undefined) === (fleetTaskId === undefined))
    throw new UsageError('either a device or --fleet is needed')
  const { items, next } =
    fleetTaskId === undefined
      ? await client.call('listDeviceTasks', { params: { device: device! }, query })
      : await client.call('listFleetTaskTasks', { params: { fleetTaskId }, query })
  for (const line of tableOf(TASK_HEADER, taskRows(items))) say(line)
  if (next !== null) say('... and more')
}
