import type { Bus } from '@sluice/bus'
import {
  type DataOf,
  type Device,
  type DeviceCall,
  type DeviceTask,
  type DeviceTaskDraft,
  type FleetTask,
  type FleetTaskDraft,
  type InputOf,
  type OutputOf,
  type Placement,
  type Reply,
  type RequestMessage,
  answered,
  credentialConfirm,
  credentialIssue,
  deviceGet,
  deviceKeyOf,
  deviceList,
  deviceNameOf,
  deviceWake,
  fleetTaskCreate,
  fleetTaskGet,
  refused,
  taskChanged,
  taskClaim,
  taskCreate,
  taskGet,
  taskPlaced,
  taskReport,
  uploadGrant,
} from '@sluice/contracts'
import { type Clock, createIds, createLog, systemClock } from '@sluice/runtime'
import type { Sql } from '@sluice/sql'
import { matches, parse } from '@sluice/targets'
import { waitUntil } from '@sluice/testbed'
import { type DeviceTasks, type DeviceTasksSettings, createDeviceTasks } from '../index.ts'

/** What a stand is built on. */
export interface Ground {
  readonly sql: Sql
  /** The bus of a service. */
  as(service: string): Bus
  close(): Promise<void>
}

export const SERVICES = [
  'device-tasks',
  'device-registry',
  'device-waker',
  'artifact-resolver',
  'cwmp-gateway',
  'operator-api',
]
export const ACTOR = 'operator:ann'
export const SEAL_KEY = 'ab'.repeat(32)

const log = createLog({ service: 'test', level: (process.env['TEST_LOG'] as 'silent' | undefined) ?? 'silent' })

export type Stand = Awaited<ReturnType<typeof createStand>>

/** The service on one kind of ground, with the services around it as small as they can be. */
export async function createStand(ground: Ground) {
  let offset = 0
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + offset }
  const ids = createIds(clock)
  const devices = new Map<string, Device>()
  const placed: Placement[] = []
  const changed: DataOf<typeof taskChanged>['items'][number][] = []
  const woken: { deviceKey: string; at: number }[] = []
  const issued: InputOf<typeof credentialIssue>[] = []
  const confirmed: string[] = []
  const running: DeviceTasks[] = []
  /** Parts that are away. */
  const away = { registry: false, waker: false, resolver: false }
  /** How long others take, in ms of the clock. */
  const slow = { registry: 0 }
  const unavailable = refused('unavailable', 'away')

  const registry = ground.as('device-registry')
  const resolver = ground.as('artifact-resolver')
  await serve(registry, deviceGet, ({ device }) => {
    if (away.registry) return unavailable
    const found = [...devices.values()].find(({ deviceKey, name }) => deviceKey === device || name === device)
    return found === undefined ? refused('not_found', 'there is no such device') : answered(found)
  })
  await serve(registry, deviceList, ({ filter, cursor = '', limit }) => {
    if (away.registry) return unavailable
    const left = [...devices.values()]
      .filter(({ deviceKey }) => deviceKey > cursor)
      .toSorted((a, b) => (a.deviceKey < b.deviceKey ? -1 : 1))
    // As the real one it looks at a part of the inventory for a page, which may be short or empty.
    const looked = left.slice(0, limit)
    const where = parse(filter.where ?? 'name is known')
    const items = looked
      .filter(({ tags }) => (filter.tags ?? []).every((tag) => tags.includes(tag)))
      .filter((device) => where.kind === 'parsed' && matches(where.expression, device, clock.now()))
    return answered({ items, next: left.length > limit ? looked.at(-1)!.deviceKey : null })
  })
  await serve(registry, credentialIssue, (input) => {
    if (away.registry) return unavailable
    issued.push(input)
    offset += slow.registry
    const issueId = String(issued.length).padStart(32, '0')
    return answered({ username: `user of ${input.deviceKey}`, password: `issued-${input.purpose}`, issueId })
  })
  await serve(registry, credentialConfirm, ({ deviceKey, purpose, issueId }) => {
    if (away.registry) return unavailable
    const issue = Number(issueId)
    if (issued[issue - 1]?.deviceKey === deviceKey) confirmed.push(`${purpose} ${deviceKey}`)
    return answered({})
  })
  await serve(ground.as('device-waker'), deviceWake, ({ deviceKey }) => {
    if (away.waker) return answered({ kind: 'overloaded' })
    woken.push({ deviceKey, at: clock.now() })
    return answered({ kind: 'queued' })
  })
  await serve(resolver, uploadGrant, ({ uploadId, expiresAt }) =>
    away.resolver
      ? unavailable
      : answered({ url: `http://files.example/up/${uploadId}`, username: uploadId, password: 'granted', expiresAt }),
  )
  await ground
    .as('cwmp-gateway')
    .consume(taskPlaced, async (batch) => void placed.push(...batch.flatMap(({ data }) => data.items)))
  await ground.as('operator-api').listen(taskChanged, ({ data }) => void changed.push(...data.items))

  const ask = <M extends RequestMessage>(message: M, input: InputOf<M>) =>
    ground.as('operator-api').request(message, input)
  const stand = {
    ...ground,
    away,
    slow,
    clock,
    placed,
    changed,
    woken,
    issued,
    confirmed,
    ask,
    shift: (ms: number) => void (offset += ms),
    newId: ids,
    async service(settings: Partial<DeviceTasksSettings> = {}): Promise<DeviceTasks> {
      const parts = { sql: ground.sql, bus: ground.as('device-tasks'), clock, ids, log }
      const service = createDeviceTasks(parts, { sealKey: SEAL_KEY, tickMs: 20, pageSize: 5, ...settings })
      await service.start()
      running.push(service)
      return service
    },
    device(serialNumber: string, more: Partial<Device> = {}): Device {
      const device = someDevice(serialNumber, more)
      devices.set(device.deviceKey, device)
      return device
    },
    async create(device: Device, call: DeviceCall, more: Partial<DeviceTaskDraft> = {}): Promise<DeviceTask> {
      return must(await ask(taskCreate, { device: device.deviceKey, draft: { call, ...more }, actor: ACTOR }))
    },
    refusal: async (device: Device, call: unknown) => {
      const draft = { call: call as DeviceCall }
      const reply = await ask(taskCreate, { device: device.deviceKey, draft, actor: ACTOR })
      return reply.ok ? undefined : reply.error
    },
    claim: ({ taskId, deviceKey }: Pick<DeviceTask, 'taskId' | 'deviceKey'>) =>
      ground.as('cwmp-gateway').request(taskClaim, { taskId, deviceKey, sessionId: 's1' }),
    async go(task: Pick<DeviceTask, 'taskId' | 'deviceKey'>) {
      const claim = must(await stand.claim(task))
      if (claim.kind !== 'go') throw new Error('the task is gone')
      return claim
    },
    async answer(
      { taskId, deviceKey }: Pick<DeviceTask, 'taskId' | 'deviceKey'>,
      result: Extract<InputOf<typeof taskReport>['items'][number], { kind: 'answered' }>['result'],
    ) {
      const item = { kind: 'answered', taskId, deviceKey, at: new Date(clock.now()).toISOString(), result } as const
      must(await ground.as('cwmp-gateway').request(taskReport, { items: [item] }))
    },
    async complete({ taskId, deviceKey }: Pick<DeviceTask, 'taskId' | 'deviceKey'>, faultCode?: number) {
      const fault = faultCode === undefined ? null : { code: faultCode, text: 'no' }
      const late = { kind: 'transfer_complete', fault, startTime: null, completeTime: null } as const
      const item = { kind: 'completed', taskId, deviceKey, at: new Date(clock.now()).toISOString(), late } as const
      must(await ground.as('cwmp-gateway').request(taskReport, { items: [item] }))
    },
    task: async (taskId: string) => must(await ask(taskGet, { taskId })),
    async until(taskId: string, state: DeviceTask['state']) {
      await waitUntil(async () => (await stand.task(taskId)).state === state)
      return stand.task(taskId)
    },
    async fleet(draft: FleetTaskDraft): Promise<FleetTask> {
      return must(await ask(fleetTaskCreate, { draft, actor: ACTOR }))
    },
    async untilFleet(fleetTaskId: string, is: (fleetTask: FleetTask) => boolean): Promise<FleetTask> {
      const get = async () => must(await ask(fleetTaskGet, { fleetTaskId }))
      await waitUntil(async () => is(await get()))
      return get()
    },
    async stop() {
      for (const service of running.splice(0)) await service.stop()
    },
  }
  return stand
}

export function must<T>(reply: Reply<T>): T {
  if (!reply.ok) throw new Error(`${reply.error.code}: ${reply.error.detail}`)
  return reply.data
}

async function serve<M extends RequestMessage>(
  bus: Bus,
  message: M,
  answer: (input: InputOf<M>) => Reply<OutputOf<M>>,
): Promise<void> {
  await bus.serve(message, async (batch) => batch.map(({ input }) => answer(input)))
}

function someDevice(serialNumber: string, more: Partial<Device>): Device {
  const identity = { oui: '00D09E', productClass: 'RG', serialNumber }
  return {
    ...identity,
    deviceKey: deviceKeyOf(identity),
    name: deviceNameOf(identity),
    manufacturer: 'Acme',
    hardwareVersion: 'A1',
    softwareVersion: '1.0',
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
    dataModelRoot: 'Device.',
    cwmpVersion: '1.4',
    wakeableBy: ['http'],
    gatewayName: null,
    proxied: null,
    lastWakeUpAt: null,
    leniencies: [],
    profile: 'default-device',
    logsBodies: false,
    ...more,
  }
}
