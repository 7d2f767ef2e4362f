import Type, { type Static } from 'typebox'
import { event, request } from './define.ts'
import { DeviceFilter } from './device.ts'
import { CallResult, DeviceCall, LateResult } from './device-call.ts'
import { Placement } from './task.ts'
import {
  Actor,
  Count,
  Cursor,
  DeviceKey,
  FaultCode,
  FleetTaskId,
  TaskId,
  Time,
  Traceparent,
  nullable,
} from './values.ts'

/**
 * `waiting` for a session; `running`: sent; `transferring`: answered, its TransferComplete or DUStateChangeComplete is
 * still to come; the rest is how it ended. `lost`: sent, and nothing came back.
 */
export const DeviceTaskState = Type.Enum([
  'waiting',
  'running',
  'transferring',
  'done',
  'faulted',
  'lost',
  'timed_out',
  'cancelled',
])
export type DeviceTaskState = Static<typeof DeviceTaskState>

/** A call without what must not be read back: values that were set and passwords are left out of it. */
export const ShownCall = Type.Object({ method: Type.String() }, { additionalProperties: true })

export const Wake = Type.Enum([
  'not_asked',
  'asked',
  'accepted',
  'busy',
  'unreachable',
  'unauthorized',
  'refused_address',
  'no_address',
  'gave_up',
])
export type Wake = Static<typeof Wake>

export const DeviceTask = Type.Object({
  taskId: TaskId,
  deviceKey: DeviceKey,
  deviceName: Type.String(),
  fleetTaskId: nullable(FleetTaskId),
  call: ShownCall,
  commandKey: nullable(Type.String({ maxLength: 32 })),
  state: DeviceTaskState,
  result: nullable(CallResult),
  late: nullable(LateResult),
  /** What a device uploaded for this task, once it is whole. */
  upload: nullable(Type.Object({ bytes: Count, sha256: Type.String() })),
  wake: Wake,
  createdBy: Actor,
  createdAt: Time,
  deadline: Time,
  updatedAt: Time,
  traceId: Type.String(),
})
export type DeviceTask = Static<typeof DeviceTask>

const deadlineMs = Type.Optional(Type.Integer({ minimum: 1_000, maximum: 90 * 24 * 3_600_000 }))

export const DeviceTaskDraft = Type.Object(
  {
    call: DeviceCall,
    /** `now`: a connection request is sent. Absent: at the next session. */
    when: Type.Optional(Type.Union([Type.Literal('next_session'), Type.Literal('now')])),
    /** From now until it is timed out, in ms; absent: one day. */
    deadlineMs,
    /** The same key again creates nothing new. */
    idempotencyKey: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  },
  { additionalProperties: false },
)
export type DeviceTaskDraft = Static<typeof DeviceTaskDraft>

export const taskCreate = request('task.create', {
  server: 'device-tasks',
  deadlineMs: 10_000,
  description: 'An RPC for one device, at its next session or now. Answered once it is stored: listen to task.changed.',
  input: Type.Object({ device: Type.String({ maxLength: 512 }), draft: DeviceTaskDraft, actor: Actor }),
  output: DeviceTask,
})

export const taskGet = request('task.get', {
  server: 'device-tasks',
  deadlineMs: 5_000,
  description: 'One task with its result.',
  input: Type.Object({ taskId: TaskId }),
  output: DeviceTask,
})

export const taskList = request('task.list', {
  server: 'device-tasks',
  deadlineMs: 10_000,
  description: 'Tasks of one device or of one fleet task, newest first.',
  input: Type.Object({
    deviceKey: Type.Optional(DeviceKey),
    fleetTaskId: Type.Optional(FleetTaskId),
    state: Type.Optional(DeviceTaskState),
    cursor: Type.Optional(Cursor),
    limit: Type.Integer({ minimum: 1, maximum: 1_000 }),
  }),
  output: Type.Object({ items: Type.Array(DeviceTask), next: nullable(Cursor) }),
})

export const taskCancel = request('task.cancel', {
  server: 'device-tasks',
  deadlineMs: 5_000,
  description: 'Ends a task that still waits; one that was sent is past recall.',
  input: Type.Object({ taskId: TaskId, actor: Actor }),
  output: DeviceTask,
})

/** `go` is said once: what is sent after it may have been done whatever becomes of the answer. */
export const taskClaim = request('task.claim', {
  server: 'device-tasks',
  deadlineMs: 5_000,
  description: 'A gateway has the device on the line: the call, committed as sent, or why not.',
  input: Type.Object({ taskId: TaskId, deviceKey: DeviceKey, sessionId: Type.String({ maxLength: 64 }) }),
  output: Type.Union([
    Type.Object({
      kind: Type.Literal('go'),
      call: DeviceCall,
      commandKey: Type.String({ maxLength: 32 }),
      traceparent: Traceparent,
    }),
    Type.Object({ kind: Type.Literal('gone') }),
  ]),
})

/** Not an event: results hold what only the operator may read, and streams keep what they are told. */
export const taskReport = request('task.report', {
  server: 'device-tasks',
  deadlineMs: 5_000,
  description: 'What devices answered to calls. Idempotent by task and kind; unknown tasks are ignored.',
  input: Type.Object({
    items: Type.Array(
      Type.Union([
        Type.Object({
          kind: Type.Literal('answered'),
          taskId: TaskId,
          deviceKey: DeviceKey,
          at: Time,
          result: CallResult,
        }),
        Type.Object({
          kind: Type.Literal('completed'),
          taskId: TaskId,
          deviceKey: DeviceKey,
          at: Time,
          late: LateResult,
        }),
      ]),
      { minItems: 1, maxItems: 64 },
    ),
  }),
  output: Type.Object({}),
})

/** Like placement.list: after the hot store lost its memory. */
export const taskPlacements = request('task.placements', {
  server: 'device-tasks',
  deadlineMs: 10_000,
  description: 'All call hints that stand now, in the order of task id.',
  input: Type.Object({ cursor: Type.Optional(Cursor), limit: Type.Integer({ minimum: 1, maximum: 500 }) }),
  output: Type.Object({ items: Type.Array(Placement), next: nullable(Cursor) }),
})

export const taskChanged = event('task.changed', {
  delivery: 'live',
  consumers: [],
  key: 'deviceKey',
  description: 'Tasks moved: the state, and the fault code where there is one. Results are read by task.get alone.',
  data: Type.Object({
    items: Type.Array(
      Type.Object({
        taskId: TaskId,
        deviceKey: DeviceKey,
        fleetTaskId: nullable(FleetTaskId),
        method: Type.String({ maxLength: 64 }),
        state: DeviceTaskState,
        faultCode: nullable(FaultCode),
        at: Time,
      }),
      { minItems: 1, maxItems: 500 },
    ),
  }),
})

const Setting = Type.String({ maxLength: 256 })

/** What a fleet task does on each device. The hygiene of a fleet is written by name, not parameter by parameter. */
export const FleetAction = Type.Union([
  Type.Object({ kind: Type.Literal('call'), call: DeviceCall }, { additionalProperties: false }),
  /** PeriodicInformTime is phased by a hash of the device, so that a fleet does not come at once. */
  Type.Object(
    { kind: Type.Literal('periodic_inform'), intervalSeconds: Type.Integer({ minimum: 30, maximum: 604_800 }) },
    { additionalProperties: false },
  ),
  /** CWMPRetryMinimumWaitInterval and CWMPRetryIntervalMultiplier (TR-069 3.2.1.1). */
  Type.Object(
    {
      kind: Type.Literal('session_retry'),
      minimumWaitSeconds: Type.Integer({ minimum: 1, maximum: 65_535 }),
      multiplier: Type.Integer({ minimum: 1_000, maximum: 65_535 }),
    },
    { additionalProperties: false },
  ),
  /** A connection-request user name and password of its own for each device, kept sealed. */
  Type.Object({ kind: Type.Literal('connection_request_credentials') }, { additionalProperties: false }),
  /** A CWMP password of its own for each device: both are accepted until it was used. */
  Type.Object({ kind: Type.Literal('cwmp_credentials') }, { additionalProperties: false }),
  Type.Object(
    {
      kind: Type.Literal('stun'),
      serverAddress: Setting,
      serverPort: Type.Integer({ minimum: 1, maximum: 65_535 }),
      minimumKeepAliveSeconds: Type.Optional(Type.Integer({ minimum: 1 })),
      maximumKeepAliveSeconds: Type.Optional(Type.Integer({ minimum: 1 })),
    },
    { additionalProperties: false },
  ),
  /** A Jabber account on `domain` for each device; the account itself is made on that server by its operator. */
  Type.Object(
    {
      kind: Type.Literal('xmpp'),
      domain: Setting,
      serverAddress: Type.Optional(Setting),
      serverPort: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
    },
    { additionalProperties: false },
  ),
  /** To another ACS for good: ManagementServer.URL and, where given, its credentials. */
  Type.Object(
    {
      kind: Type.Literal('hand_over'),
      url: Type.String({ minLength: 1, maxLength: 256 }),
      username: Type.Optional(Setting),
      password: Type.Optional(Setting),
    },
    { additionalProperties: false },
  ),
])
export type FleetAction = Static<typeof FleetAction>

export const FleetTask = Type.Object({
  fleetTaskId: FleetTaskId,
  action: Type.Object({ kind: Type.String() }, { additionalProperties: true }),
  state: Type.Enum(['planning', 'running', 'done', 'cancelled']),
  /** By the state of its tasks. */
  counts: Type.Record(Type.String(), Count),
  createdBy: Actor,
  createdAt: Time,
})
export type FleetTask = Static<typeof FleetTask>

export const FleetTaskDraft = Type.Object(
  {
    filter: DeviceFilter,
    action: FleetAction,
    when: Type.Optional(Type.Union([Type.Literal('next_session'), Type.Literal('now')])),
    deadlineMs,
  },
  { additionalProperties: false },
)
export type FleetTaskDraft = Static<typeof FleetTaskDraft>

export const fleetTaskCreate = request('fleet_task.create', {
  server: 'device-tasks',
  deadlineMs: 10_000,
  description: 'One task for each device of a filter, written page by page.',
  input: Type.Object({ draft: FleetTaskDraft, actor: Actor }),
  output: FleetTask,
})
export const fleetTaskGet = request('fleet_task.get', {
  server: 'device-tasks',
  deadlineMs: 5_000,
  description: 'One fleet task and how far it is.',
  input: Type.Object({ fleetTaskId: FleetTaskId }),
  output: FleetTask,
})
export const fleetTaskList = request('fleet_task.list', {
  server: 'device-tasks',
  deadlineMs: 5_000,
  description: 'Fleet tasks, newest first.',
  input: Type.Object({ cursor: Type.Optional(Cursor), limit: Type.Integer({ minimum: 1, maximum: 1_000 }) }),
  output: Type.Object({ items: Type.Array(FleetTask), next: nullable(Cursor) }),
})
export const fleetTaskCancel = request('fleet_task.cancel', {
  server: 'device-tasks',
  deadlineMs: 5_000,
  description: 'Ends what still waits of a fleet task.',
  input: Type.Object({ fleetTaskId: FleetTaskId, actor: Actor }),
  output: FleetTask,
})
