import type { DeviceFilter, FleetAction, FleetTask } from '@sluice/contracts'
import { type Command, type Invocation, UsageError, textOf } from './command.ts'
import { callOf, millisecondsOf } from './device-call.ts'
import { parseArguments } from './read-json.ts'
import { printable, tableOf } from './table.ts'
import { TARGET_OPTIONS, TARGET_USAGE, targetsOf } from './targets.ts'

const KINDS: readonly FleetAction['kind'][] = [
  'call',
  'periodic_inform',
  'session_retry',
  'connection_request_credentials',
  'cwmp_credentials',
  'stun',
  'xmpp',
  'hand_over',
]

export const fleetTaskCommands: readonly Command[] = [
  {
    name: 'fleet create',
    usage: `<action> ['{json}'] ${TARGET_USAGE} | --all [--now]`,
    summary: `Do one thing on each device of a filter: ${KINDS.join(', ')}`,
    positionals: 2,
    needs: 1,
    options: {
      ...TARGET_OPTIONS,
      oui: { type: 'string' },
      'product-class': { type: 'string' },
      all: { type: 'boolean' },
      now: { type: 'boolean' },
      deadline: { type: 'string' },
    },
    run: createFleetTask,
  },
  {
    name: 'fleet list',
    usage: '',
    summary: 'Fleet tasks, newest first',
    positionals: 0,
    options: {},
    run: async ({ client, say }) => {
      const { items } = await client.call('listFleetTasks', {})
      const rows = items.map((one) => [one.fleetTaskId, one.action.kind, one.state, countsOf(one), one.createdAt])
      for (const line of tableOf(['FLEET TASK', 'ACTION', 'STATE', 'TASKS', 'CREATED'], rows)) say(line)
    },
  },
  {
    name: 'fleet show',
    usage: '<fleet task>',
    summary: 'One fleet task and how far it is',
    positionals: 1,
    options: {},
    run: async ({ client, positionals, say }) =>
      show(await client.call('getFleetTask', { params: { fleetTaskId: positionals[0]! } }), say),
  },
  {
    name: 'fleet cancel',
    usage: '<fleet task>',
    summary: 'End what still waits of a fleet task',
    positionals: 1,
    options: {},
    run: async ({ client, positionals, say }) =>
      show(await client.call('cancelFleetTask', { params: { fleetTaskId: positionals[0]! } }), say),
  },
]

async function createFleetTask({ client, positionals, values, say }: Invocation): Promise<void> {
  const [kind = '', json] = positionals
  const filter = filterOf(values)
  if (Object.keys(filter).length === 0 && values['all'] !== true) {
    throw new UsageError(
      'which devices? --where, --tag, --device, --devices, --from-version, --oui with --product-class, or --all',
    )
  }
  const deadlineMs = millisecondsOf(textOf(values, 'deadline'), 'deadline')
  const created = await client.call('createFleetTask', {
    body: {
      filter,
      action: actionOf(kind, json),
      ...(values['now'] === true ? { when: 'now' } : {}),
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    },
  })
  show(created, say)
}

/** `call` takes `{"method": ...}` with its arguments beside it. The API checks what the other kinds are given. */
function actionOf(kind: string, json: string | undefined): FleetAction {
  if (!KINDS.some((one) => one === kind)) throw new UsageError(`${kind} is none of ${KINDS.join(', ')}`)
  const given = parseArguments(json, `what follows ${kind}`)
  if (kind !== 'call') return { ...given, kind } as FleetAction
  const { method, ...rest } = given
  return { kind, call: callOf(typeof method === 'string' ? method : '', JSON.stringify(rest)) }
}

function filterOf(values: Invocation['values']): DeviceFilter {
  const oui = textOf(values, 'oui')
  const productClass = textOf(values, 'product-class')
  if ((oui === undefined) !== (productClass === undefined))
    throw new UsageError('--oui and --product-class go together')
  return {
    ...targetsOf(values),
    ...(oui === undefined || productClass === undefined ? {} : { models: [{ oui: oui.toUpperCase(), productClass }] }),
  }
}

function show(task: FleetTask, say: (line: string) => void): void {
  say(`${task.fleetTaskId}  ${task.action.kind}  ${task.state}  by ${printable(task.createdBy)} at ${task.createdAt}`)
  const counts = countsOf(task)
  if (counts !== '') say(`  ${counts}`)
}

function countsOf({ counts }: FleetTask): string {
  return Object.entries(counts)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ')
}
