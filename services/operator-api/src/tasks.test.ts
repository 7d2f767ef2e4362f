import { type Bus, createEmbeddedBus } from '@sluice/bus'
import { type Client, createClient } from '@sluice/client'
import {
  type DeviceTask,
  type InputOf,
  answered,
  deviceGet,
  deviceKeyOf,
  fleetTaskCreate,
  refused,
  taskChanged,
  taskCreate,
  taskGet,
  taskList,
} from '@sluice/contracts'
import { type Clock, createIds, createLog, systemClock } from '@sluice/runtime'
import { openEmbedded } from '@sluice/sql'
import { inMemory, waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createOperatorApi } from './api.ts'
import { createTaskWaits } from './await-task.ts'

const log = createLog({ service: 'test', level: 'silent' })
const ids = createIds()
const token = 'a-token-of-the-test'
const deviceKey = deviceKeyOf({ oui: '00D09E', productClass: 'RG', serialNumber: '1' })
const name = '00D09E-RG-1'
const params = { device: name }
const body = { call: { method: 'Reboot' } } as const
const closing: (() => Promise<unknown>)[] = []
let client: Client
let deviceTasks: Bus
let asker: Bus
/** What the service says of the one task there is. */
let task: DeviceTask
let created: InputOf<typeof taskCreate>[] = []
let listed: InputOf<typeof taskList>[] = []

beforeAll(async () => {
  const sql = await openEmbedded(inMemory())
  closing.push(() => sql.close())
  const hub = await createEmbeddedBus({ sql, clock: systemClock, log })
  closing.push(() => hub.close())
  deviceTasks = hub.as('device-tasks')
  asker = hub.as('operator-api')
  const api = createOperatorApi(
    { bus: hub.as('operator-api'), clock: systemClock, log },
    {
      host: '127.0.0.1',
      port: 0,
      tokens: `ann=${token}`,
      intakeUrl: 'http://127.0.0.1:1',
      intakeToken: 'i'.repeat(32),
    },
  )
  client = createClient({ url: `http://127.0.0.1:${(await api.start()).port}`, token })
  closing.push(() => api.stop())
  await deviceTasks.serve(taskCreate, async (batch) =>
    batch.map(({ input }) => {
      created.push(input)
      return input.device === 'nobody' ? refused('not_found', 'there is no such device') : answered(task)
    }),
  )
  await deviceTasks.serve(taskGet, async (batch) => batch.map(() => answered(task)))
  await deviceTasks.serve(taskList, async (batch) =>
    batch.map(({ input }) => {
      listed.push(input)
      return answered({ items: [task], next: null })
    }),
  )
  await deviceTasks.serve(fleetTaskCreate, async (batch) =>
    batch.map(({ input: { draft, actor: createdBy } }) => {
      const createdAt = new Date(systemClock.now()).toISOString()
      const { action } = draft
      return answered({
        fleetTaskId: ids.fleetTask(),
        action,
        state: 'planning' as const,
        counts: {},
        createdBy,
        createdAt,
      })
    }),
  )
  await hub
    .as('device-registry')
    .serve(deviceGet, async (batch) =>
      batch.map(({ input: { device } }) =>
        device === name ? answered({ ...DEVICE, deviceKey, name }) : refused('not_found', 'there is no such device'),
      ),
    )
})

afterAll(async () => {
  for (const close of closing.toReversed()) await close()
})

beforeEach(() => {
  created = []
  listed = []
  const at = new Date(systemClock.now()).toISOString()
  task = {
    taskId: ids.task(),
    deviceKey,
    deviceName: name,
    fleetTaskId: null,
    call: { method: 'Reboot' },
    commandKey: null,
    state: 'waiting',
    result: null,
    late: null,
    upload: null,
    wake: 'not_asked',
    createdBy: 'operator:ann',
    createdAt: at,
    deadline: at,
    updatedAt: at,
    traceId: '0'.repeat(32),
  }
})

const DEVICE = {
  manufacturer: 'Acme',
  oui: '00D09E',
  productClass: 'RG',
  serialNumber: '1',
  hardwareVersion: null,
  softwareVersion: null,
  lastInformAt: null,
  firstSeenAt: '2026-01-01T00:00:00.000Z',
  lastEvents: [],
  tags: [],
  site: null,
  region: null,
  accessNode: null,
  zone: null,
  changedAt: '2026-01-01T00:00:00.000Z',
  username: null,
  dataModelRoot: null,
  cwmpVersion: null,
  wakeableBy: [],
  gatewayName: null,
  proxied: null,
  lastWakeUpAt: null,
  leniencies: [],
  profile: 'default-device',
  logsBodies: false,
}

function end(isSaid: boolean): void {
  task = { ...task, state: 'done', result: { kind: 'response', response: {} } }
  if (!isSaid) return
  const { taskId, state, updatedAt: at } = task
  const item = { taskId, deviceKey, fleetTaskId: null, method: 'Reboot', state, faultCode: null, at }
  deviceTasks.announce(taskChanged, [{ id: ids.event(), key: deviceKey, data: { items: [item] } }])
}

test('a task is created in the name of who asked, and answered at once', async () => {
  expect(await client.call('createTask', { params, body })).toEqual(task)
  expect(created).toEqual([{ device: name, draft: body, actor: 'operator:ann' }])
})

test.each([
  ['its end is heard', true],
  ['nobody said that it ended', false],
])('with waitMs the answer comes when the task has ended, also when %s', async (_, isSaid) => {
  const asked = client.call('createTask', { params, query: { waitMs: 20_000 }, body })
  await waitUntil(() => created.length === 1)
  end(isSaid)
  expect(await asked).toMatchObject({ state: 'done', result: { kind: 'response' } })
})

test('what is heard ends a wait, without a look in between', async () => {
  const never: Clock = { ...systemClock, after: () => () => {} }
  const { awaitTask, stop } = await createTaskWaits(asker, never)
  const asked = awaitTask(task, 20_000)
  end(true)
  expect(await asked).toMatchObject({ ok: true, data: { state: 'done' } })
  await stop()
})

test('a wait that is over answers the task as it is', async () => {
  expect(await client.call('createTask', { params, query: { waitMs: 50 }, body })).toMatchObject({ state: 'waiting' })
})

test('a call that is none, a firmware download and an unknown device are refused, each saying why', async () => {
  const refusal = (call: unknown, device = name) =>
    client
      .call('createTask', { params: { device }, body: { call } as typeof body })
      .catch((error: Error) => error.message)
  expect(await refusal({ method: 'Explode' })).toMatch(/^invalid_request/)
  expect(await refusal({ method: 'GetParameterNames', path: 'Device.' })).toContain('nextLevel')
  expect(await refusal({ method: 'Download', fileType: '1 Firmware Upgrade Image', url: 'http://h/f' })).toContain(
    'campaign',
  )
  expect(created).toEqual([])
  expect(await refusal({ method: 'Reboot' }, 'nobody')).toMatch(/^not_found/)
})

test('tasks of a device are found by its readable name', async () => {
  expect((await client.call('listDeviceTasks', { params, query: { state: 'waiting' } })).items).toEqual([task])
  expect(listed).toMatchObject([{ deviceKey, state: 'waiting' }])
})

test('a fleet task is created in the name of who asked', async () => {
  const action = { kind: 'periodic_inform', intervalSeconds: 3_600 } as const
  const fleetTask = await client.call('createFleetTask', { body: { filter: { tags: ['lab'] }, action } })
  expect(fleetTask).toMatchObject({ state: 'planning', action, createdBy: 'operator:ann' })
})
