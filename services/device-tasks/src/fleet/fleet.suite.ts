import {
  type DeviceCall,
  type DeviceTask,
  type FleetAction,
  fleetTaskCancel,
  fleetTaskCreate,
  fleetTaskList,
  taskList,
} from '@sluice/contracts'
import { waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { ACTOR, type Stand, must } from '../testing/stand.ts'
import { informTimeOf } from './inform-phase.ts'

const RETRY: FleetAction = { kind: 'session_retry', minimumWaitSeconds: 5, multiplier: 2_000 }

export function fleetSuite(current: () => Stand): void {
  /** A fleet of its own for each test, by tag. */
  const fleetOf = (tag: string, count: number) =>
    Array.from({ length: count }, (_, n) => current().device(`${tag}-${n}`, { tags: [tag] }))
  const tasksOf = async (fleetTaskId: string) =>
    must(await current().ask(taskList, { fleetTaskId, limit: 1_000 })).items

  test('each device of the filter gets one task, written page by page, and the fleet task ends with the last', async () => {
    const here = current()
    const devices = fleetOf('F1', 17)
    const created = await here.fleet({ filter: { tags: ['F1'] }, action: RETRY })
    expect(created).toMatchObject({ state: 'planning', action: RETRY, createdBy: ACTOR })
    const { fleetTaskId } = created
    const running = await here.untilFleet(fleetTaskId, ({ state }) => state === 'running')
    expect(running.counts).toEqual({ waiting: 17 })
    const tasks = await tasksOf(fleetTaskId)
    expect(tasks.map(({ deviceKey }) => deviceKey).toSorted()).toEqual(devices.map((one) => one.deviceKey).toSorted())
    await waitUntil(() => tasks.every(({ deviceKey }) => here.placed.some((one) => one.deviceKey === deviceKey)))

    for (const [index, task] of tasks.entries()) {
      await here.go(task)
      const fault = { kind: 'fault', fault: { code: 9003, text: 'no' } } as const
      await here.answer(task, index === 0 ? fault : { kind: 'response', response: { status: 0 } })
    }
    const done = await here.untilFleet(fleetTaskId, ({ state }) => state === 'done')
    expect(done.counts).toEqual({ done: 16, faulted: 1 })
    const list = must(await here.ask(fleetTaskList, { limit: 1 }))
    expect(list.items).toEqual([done])
  })

  test('an expression says which devices; pages without any of them are read over, and a wrong one is refused', async () => {
    const here = current()
    const [, , third] = fleetOf('F1W', 9)
    const filter = { where: `tag = "F1W" and name = "${third!.name}"` }
    const { fleetTaskId } = await here.fleet({ filter, action: RETRY })
    await here.untilFleet(fleetTaskId, ({ state }) => state === 'running')
    expect((await tasksOf(fleetTaskId)).map(({ deviceKey }) => deviceKey)).toEqual([third!.deviceKey])
    const draft = { filter: { where: 'tag = F1W' }, action: RETRY }
    expect(await here.ask(fleetTaskCreate, { draft, actor: ACTOR })).toMatchObject({
      ok: false,
      error: { code: 'invalid_request', detail: expect.stringContaining('a text in quotes was expected') },
    })
  })

  test('a plan goes on where it stood, after the registry was away and on another replica, and no device gets two', async () => {
    const here = current()
    fleetOf('F2', 23)
    here.away.registry = true
    const { fleetTaskId } = await here.fleet({ filter: { tags: ['F2'] }, action: RETRY })
    await here.stop()
    here.away.registry = false
    await Promise.all([here.service(), here.service({ pageSize: 3 })])
    await here.untilFleet(fleetTaskId, ({ state }) => state === 'running')
    const tasks = await tasksOf(fleetTaskId)
    expect(tasks).toHaveLength(23)
    expect(new Set(tasks.map(({ deviceKey }) => deviceKey)).size).toBe(23)
    await here.stop()
    await here.service()
  })

  test('a cancelled fleet task ends what waits, lets run what was sent, and plans nothing more', async () => {
    const here = current()
    fleetOf('F3', 12)
    const { fleetTaskId } = await here.fleet({ filter: { tags: ['F3'] }, action: RETRY })
    await here.untilFleet(fleetTaskId, ({ state }) => state === 'running')
    const [sent] = await tasksOf(fleetTaskId)
    await here.go(sent!)
    expect(await here.ask(fleetTaskCancel, { fleetTaskId, actor: ACTOR })).toMatchObject({
      data: { state: 'cancelled' },
    })
    await here.untilFleet(fleetTaskId, ({ counts }) => counts['cancelled'] === 11)
    await here.answer(sent!, { kind: 'response', response: {} })
    expect((await here.untilFleet(fleetTaskId, () => true)).counts).toEqual({ cancelled: 11, done: 1 })
  })

  test('a device that has not said which data model it has is told apart, not guessed', async () => {
    const here = current()
    here.device('F4', { tags: ['F4'], dataModelRoot: null })
    const { fleetTaskId } = await here.fleet({ filter: { tags: ['F4'] }, action: RETRY })
    await here.untilFleet(fleetTaskId, ({ state }) => state === 'done')
    const [task] = await tasksOf(fleetTaskId)
    expect(task).toMatchObject({ state: 'faulted', result: { kind: 'not_sent', reason: 'no_data_model' } })
    expect(must(await here.claim(task!)).kind).toBe('gone')
  })

  test('a device with its fill of open tasks is passed over, and says so', async () => {
    const here = current()
    const [device] = fleetOf('F5', 1)
    for (let n = 0; n < 32; n++) await here.create(device!, { method: 'GetRPCMethods' })
    const { fleetTaskId } = await here.fleet({ filter: { tags: ['F5'] }, action: RETRY })
    await here.untilFleet(fleetTaskId, ({ state }) => state === 'done')
    expect(await tasksOf(fleetTaskId)).toMatchObject([{ result: { reason: 'too_many_tasks' } }])
  })

  test('a credential is issued when the device is on the line and in time, and confirmed once it was taken', async () => {
    const here = current()
    const [device] = fleetOf('F6', 1)
    const { deviceKey } = device!
    const action = { kind: 'connection_request_credentials' } as const
    const { fleetTaskId } = await here.fleet({ filter: { tags: ['F6'] }, action })
    await here.untilFleet(fleetTaskId, ({ state }) => state === 'running')
    const [task] = await tasksOf(fleetTaskId)
    expect(here.issued.some((one) => one.deviceKey === deviceKey)).toBe(false)
    here.slow.registry = 4_000
    expect(await here.claim(task!)).toMatchObject({ ok: false, error: { code: 'unavailable' } })
    here.slow.registry = 0
    expect((await here.task(task!.taskId)).state).toBe('waiting')
    const { call } = await here.go(task!)
    expect(call).toEqual({
      method: 'SetParameterValues',
      parameters: [
        { name: 'Device.ManagementServer.ConnectionRequestUsername', value: `user of ${deviceKey}`, type: 'string' },
        {
          name: 'Device.ManagementServer.ConnectionRequestPassword',
          value: 'issued-connection_request',
          type: 'string',
        },
      ],
    })
    expect(here.confirmed).not.toContain(`connection_request ${deviceKey}`)
    here.away.registry = true
    await here.answer(task!, { kind: 'response', response: { status: 0 } })
    await waitUntil(async () => {
      const rows = await here.sql.query<{ at: number }>(`select confirm_at as at from tasks.tasks where task_id = $1`, [
        task!.taskId,
      ])
      return rows[0]!.at > here.clock.now() + 1_000
    })
    here.away.registry = false
    here.shift(31_000)
    await waitUntil(() => here.confirmed.includes(`connection_request ${deviceKey}`))
  })

  test('a CWMP password is not confirmed by the answer: its first use is what counts', async () => {
    const here = current()
    const [device] = fleetOf('F6b', 1)
    const ended = []
    for (const kind of ['cwmp_credentials', 'connection_request_credentials'] as const) {
      const { fleetTaskId } = await here.fleet({ filter: { tags: ['F6b'] }, action: { kind } })
      await here.untilFleet(fleetTaskId, ({ state }) => state === 'running')
      const [task] = await tasksOf(fleetTaskId)
      await here.go(task!)
      await here.answer(task!, { kind: 'response', response: { status: 0 } })
      ended.push(await here.until(task!.taskId, 'done'))
    }
    const { deviceKey } = device!
    await waitUntil(() => here.confirmed.includes(`connection_request ${deviceKey}`))
    expect(here.confirmed).not.toContain(`cwmp ${deviceKey}`)
    const owed = await here.sql.query('select task_id from tasks.tasks where task_id = $1 and confirm_at is not null', [
      ended[0]!.taskId,
    ])
    expect(owed).toEqual([])
  })

  test('a fleet task whose action does not open holds up no other', async () => {
    const here = current()
    fleetOf('F6c', 1)
    here.away.registry = true
    const [odd, even] = [
      await here.fleet({ filter: { tags: ['F6c'] }, action: RETRY }),
      await here.fleet({ filter: { tags: ['F6c'] }, action: RETRY }),
    ]
    await here.sql.query(`update tasks.fleet_tasks set sealed_action = 'other' where fleet_task_id = $1`, [
      odd.fleetTaskId,
    ])
    here.away.registry = false
    await here.untilFleet(even.fleetTaskId, ({ state }) => state === 'running')
    must(await here.ask(fleetTaskCancel, { fleetTaskId: odd.fleetTaskId, actor: ACTOR }))
  })

  test('a credential that the device refused is not confirmed', async () => {
    const here = current()
    const [device] = fleetOf('F7', 1)
    const { fleetTaskId } = await here.fleet({
      filter: { tags: ['F7'] },
      action: { kind: 'connection_request_credentials' },
    })
    await here.untilFleet(fleetTaskId, ({ state }) => state === 'running')
    const [task] = await tasksOf(fleetTaskId)
    await here.go(task!)
    await here.answer(task!, { kind: 'fault', fault: { code: 9003, text: 'no' } })
    await here.untilFleet(fleetTaskId, ({ state }) => state === 'done')
    expect(here.confirmed.filter((one) => one.endsWith(device!.deviceKey))).toEqual([])
  })

  test('connection requests of a fleet are paced', async () => {
    const here = current()
    fleetOf('F8', 12)
    const { fleetTaskId } = await here.fleet({ filter: { tags: ['F8'] }, action: RETRY, when: 'now' })
    await here.untilFleet(fleetTaskId, ({ state }) => state !== 'planning')
    const tasks = await tasksOf(fleetTaskId)
    const wakesOf = (task: DeviceTask) => here.woken.filter(({ deviceKey }) => deviceKey === task.deviceKey)
    await waitUntil(() => tasks.every((task) => wakesOf(task).length === 1))
    const at = tasks
      .flatMap(wakesOf)
      .map((one) => one.at)
      .toSorted((a, b) => a - b)
    // 50 in a second: twelve take 220 ms from the first one's due time to the last one's.
    const [created] = await here.sql.query<{ at: number }>(
      `select created_at as at from tasks.fleet_tasks where fleet_task_id = $1`,
      [fleetTaskId],
    )
    expect(at.at(-1)! - created!.at).toBeGreaterThanOrEqual(220)
  })

  const root = 'InternetGatewayDevice.'
  const server = `${root}ManagementServer.`
  test.each<[string, FleetAction, Record<string, string | RegExp>]>([
    [
      'periodic_inform',
      { kind: 'periodic_inform', intervalSeconds: 3_600 },
      {
        [`${server}PeriodicInformEnable`]: 'true',
        [`${server}PeriodicInformInterval`]: '3600',
        [`${server}PeriodicInformTime`]: /^2020-01-01T00:\d\d:\d\dZ$/,
      },
    ],
    [
      'session_retry',
      RETRY,
      { [`${server}CWMPRetryMinimumWaitInterval`]: '5', [`${server}CWMPRetryIntervalMultiplier`]: '2000' },
    ],
    [
      'cwmp_credentials',
      { kind: 'cwmp_credentials' },
      { [`${server}Username`]: /^user of/, [`${server}Password`]: 'issued-cwmp' },
    ],
    [
      'stun',
      { kind: 'stun', serverAddress: 'stun.example', serverPort: 3478, minimumKeepAliveSeconds: 30 },
      {
        [`${server}STUNEnable`]: 'true',
        [`${server}STUNServerAddress`]: 'stun.example',
        [`${server}STUNServerPort`]: '3478',
        [`${server}STUNMinimumKeepAlivePeriod`]: '30',
        [`${server}STUNUsername`]: /^dev_/,
        [`${server}STUNPassword`]: 'issued-connection_request',
        [`${server}ConnectionRequestUsername`]: /^user of/,
        [`${server}ConnectionRequestPassword`]: 'issued-connection_request',
      },
    ],
    [
      'xmpp',
      { kind: 'xmpp', domain: 'cpe.example', serverAddress: 'xmpp.example', serverPort: 5222 },
      {
        [`${root}XMPP.Connection.1.Username`]: /^user of/,
        [`${root}XMPP.Connection.1.Password`]: 'issued-xmpp',
        [`${root}XMPP.Connection.1.Domain`]: 'cpe.example',
        [`${root}XMPP.Connection.1.UseTLS`]: 'true',
        [`${root}XMPP.Connection.1.ServerConnectAlgorithm`]: 'ServerTable',
        [`${root}XMPP.Connection.1.Server.1.Enable`]: 'true',
        [`${root}XMPP.Connection.1.Server.1.ServerAddress`]: 'xmpp.example',
        [`${root}XMPP.Connection.1.Server.1.Port`]: '5222',
        [`${root}XMPP.Connection.1.Enable`]: 'true',
        [`${server}ConnReqXMPPConnection`]: `${root}XMPP.Connection.1`,
      },
    ],
    [
      'hand_over',
      { kind: 'hand_over', url: 'https://other.example/acs', username: 'u', password: 'p' },
      { [`${server}URL`]: 'https://other.example/acs', [`${server}Username`]: 'u', [`${server}Password`]: 'p' },
    ],
  ])('%s is written by the names of the device’s data model, in one call', async (kind, action, expected) => {
    const here = current()
    const tag = `F9-${kind}`
    const device = here.device(tag, { tags: [tag], dataModelRoot: root })
    const { fleetTaskId } = await here.fleet({ filter: { tags: [tag] }, action })
    await here.untilFleet(fleetTaskId, ({ state }) => state === 'running')
    const [task] = await tasksOf(fleetTaskId)
    const { call } = await here.go(task!)
    const values = Object.fromEntries(parametersOf(call).map(({ name, value }) => [name, value]))
    const matchers = Object.entries(expected).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : expect.stringMatching(value),
    ])
    expect(values).toEqual(Object.fromEntries(matchers))
    if (kind === 'periodic_inform') {
      expect(values[`${server}PeriodicInformTime`]).toBe(informTimeOf(device.deviceKey, 3_600))
    }
  })

  test('an action that may not be called on one device may not be called on many', async () => {
    const here = current()
    const call: DeviceCall = { method: 'Download', fileType: '01 x', url: 'http://host/f' }
    await expect(here.fleet({ filter: {}, action: { kind: 'call', call } })).rejects.toThrow('goes by campaign')
    const action = { kind: 'hand_over', url: 'https://u:p@other/' } as const
    await expect(here.fleet({ filter: {}, action })).rejects.toThrow('invalid_request')
  })
}

function parametersOf(call: DeviceCall) {
  return call.method === 'SetParameterValues' ? call.parameters : []
}
