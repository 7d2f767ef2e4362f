import Type, { type Static } from 'typebox'
import { event, request } from './define.ts'
import {
  AttemptId,
  CampaignId,
  Cursor,
  DeviceKey,
  SoftwareVersion,
  TaskId,
  Time,
  Traceparent,
  UpgradeId,
  nullable,
} from './values.ts'

/** What waits for a device until a gateway has it on the line. */
export const Task = Type.Union([
  /** A hint that an upgrade may be claimed. */
  Type.Object({
    kind: Type.Literal('upgrade'),
    /** The upgrade id: one hint per upgrade. */
    taskId: UpgradeId,
    campaignId: CampaignId,
    weight: Type.Integer(),
    notBefore: nullable(Time),
    /** Its campaign would hand windows to the device: whether it takes ScheduleDownload is asked first, where that is not known. */
    schedules: Type.Optional(Type.Boolean()),
    /** Its claim brings the settings that its model's profile lets be put back, sealed. */
    keepsSettings: Type.Optional(Type.Boolean()),
    /** To what the machine moved: an older revision never overwrites a newer one. */
    revision: Type.Integer({ minimum: 0 }),
  }),
  /** Ask the device for its queued transfers (TR-069 A.4.1.1), to settle an attempt that is in doubt. */
  Type.Object({
    kind: Type.Literal('check'),
    taskId: AttemptId,
    revision: Type.Integer({ minimum: 0 }),
  }),
  /** CancelTransfer of this attempt (TR-069 A.4.1.4). */
  Type.Object({
    kind: Type.Literal('cancel'),
    taskId: AttemptId,
    revision: Type.Integer({ minimum: 0 }),
  }),
  /** A hint that an operator's call may be claimed (task.claim). */
  Type.Object({
    kind: Type.Literal('call'),
    taskId: TaskId,
    revision: Type.Integer({ minimum: 0 }),
  }),
])
export type Task = Static<typeof Task>

/** The mark on a device's hot record that makes gateways report what it does. One per device. */
export const Watch = Type.Object({
  attemptId: AttemptId,
  upgradeId: UpgradeId,
  campaignId: CampaignId,
  traceparent: Traceparent,
  targetVersions: Type.Array(SoftwareVersion, { minItems: 1, maxItems: 16 }),
  /** `open`: report every Inform, and at the target version read the snapshot too. `settled`: report changes of version. */
  mode: Type.Union([Type.Literal('open'), Type.Literal('settled')]),
  /** Delay of the ScheduleInform planted when the target is first reported, or after a boot on the old version; null: none. */
  plantInformSeconds: nullable(Type.Integer({ minimum: 1 })),
  /** The upgrade lost settings that were kept: put them back (settings.kept). */
  restore: Type.Optional(Type.Boolean()),
  until: Time,
  revision: Type.Integer({ minimum: 0 }),
})
export type Watch = Static<typeof Watch>

export const Placement = Type.Union([
  Type.Object({ op: Type.Literal('put_task'), deviceKey: DeviceKey, task: Task }),
  Type.Object({
    op: Type.Literal('drop_task'),
    deviceKey: DeviceKey,
    taskId: Type.Union([UpgradeId, AttemptId, TaskId]),
    revision: Type.Integer({ minimum: 0 }),
  }),
  Type.Object({ op: Type.Literal('put_watch'), deviceKey: DeviceKey, watch: Watch }),
  Type.Object({
    op: Type.Literal('drop_watch'),
    deviceKey: DeviceKey,
    attemptId: AttemptId,
    revision: Type.Integer({ minimum: 0 }),
  }),
])
export type Placement = Static<typeof Placement>

/**
 * How long gateways remember what was placed of a device that does not come. Who wants it to be found after that puts it
 * again before: it is then kept as long again.
 */
export const PLACEMENT_KEPT_MS = 90 * 24 * 3_600_000

export const taskPlaced = event('task.placed', {
  delivery: 'stored',
  consumers: ['cwmp-gateway'],
  key: 'campaignId; of calls the shard',
  description: 'Hints, checks, cancels, calls and watches for gateways to put on the devices’ hot records.',
  data: Type.Object({ items: Type.Array(Placement, { minItems: 1, maxItems: 500 }) }),
})

/** After the hot store lost its memory, gateways page through this before they admit any device. */
export const placementList = request('placement.list', {
  server: 'campaign-scheduler',
  deadlineMs: 10_000,
  description: 'All hints and watches that stand now, in the order of upgrade id.',
  input: Type.Object({
    cursor: Type.Optional(Cursor),
    limit: Type.Integer({ minimum: 1, maximum: 500 }),
  }),
  output: Type.Object({ items: Type.Array(Placement), next: nullable(Cursor) }),
})
