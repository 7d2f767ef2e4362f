import Type, { type Static } from 'typebox'
import { event } from './define.ts'
import { CwmpEvent } from './device.ts'
import { AttemptId, Count, DeviceKey, FaultCode, SoftwareVersion, Time, Traceparent, nullable } from './values.ts'

/** Keyed digests of settings by parameter name; null where a value could not be read: unknown, never preserved. */
export const Digests = Type.Record(Type.String({ maxLength: 256 }), nullable(Type.String({ maxLength: 64 })))
export const Snapshot = Type.Object({
  settings: Digests,
  sentinels: Digests,
  wanUp: nullable(Type.Boolean()),
})
export type Snapshot = Static<typeof Snapshot>

const FaultString = Type.String({ maxLength: 256 })

/** What a gateway or the file server saw a device do. The kinds are those of the upgrade machine's facts. */
export const ObservedFact = Type.Union([
  Type.Object({
    kind: Type.Literal('informed'),
    softwareVersion: SoftwareVersion,
    events: Type.Array(CwmpEvent, { maxItems: 64 }),
    /** How often its session had been tried before (TR-069 3.2.1.1). Absent: 0. */
    retryCount: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
  }),
  Type.Object({
    kind: Type.Literal('download_answered'),
    attemptId: AttemptId,
    status: Type.Union([Type.Literal(0), Type.Literal(1)]),
  }),
  Type.Object({
    kind: Type.Literal('download_faulted'),
    attemptId: AttemptId,
    faultCode: FaultCode,
    faultString: FaultString,
  }),
  Type.Object({ kind: Type.Literal('download_unanswered'), attemptId: AttemptId }),
  Type.Object({
    kind: Type.Literal('transfer_completed'),
    commandKey: Type.String({ maxLength: 32 }),
    faultCode: FaultCode,
    faultString: FaultString,
  }),
  Type.Object({
    kind: Type.Literal('queued_transfers_listed'),
    /** For whose sake the device was asked: of any other attempt the list proves presence, never absence. */
    askedFor: AttemptId,
    attemptIds: Type.Array(Type.String({ maxLength: 32 }), { maxItems: 64 }),
  }),
  Type.Object({ kind: Type.Literal('queued_transfers_unsupported') }),
  Type.Object({
    kind: Type.Literal('cancel_answered'),
    attemptId: AttemptId,
    faultCode: FaultCode,
  }),
  Type.Object({ kind: Type.Literal('snapshot_read'), ...Snapshot.properties }),
  Type.Object({
    kind: Type.Literal('checks_read'),
    attemptId: AttemptId,
    /** By the name of the check. What was read stays with the gateway. */
    checks: Type.Record(
      Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,31}$' }),
      Type.Enum(['passed', 'failed', 'unknown']),
      { maxProperties: 16 },
    ),
  }),
  Type.Object({
    kind: Type.Literal('settings_restored'),
    attemptId: AttemptId,
    names: Type.Array(Type.String({ maxLength: 256 }), { maxItems: 32 }),
    /** Fault code 0: the device never answered. */
    refused: Type.Array(Type.Object({ name: Type.String({ maxLength: 256 }), faultCode: FaultCode }), { maxItems: 32 }),
  }),
  Type.Object({ kind: Type.Literal('first_byte_served'), attemptId: AttemptId, bytes: Count }),
  Type.Object({ kind: Type.Literal('last_byte_served'), attemptId: AttemptId, bytes: Count }),
  Type.Object({
    kind: Type.Literal('download_refused'),
    attemptId: AttemptId,
    reason: Type.Union([
      Type.Literal('stopped'),
      Type.Literal('shedding'),
      Type.Literal('unauthorized'),
      Type.Literal('expired'),
    ]),
  }),
])
export type ObservedFact = Static<typeof ObservedFact>

export const Observation = Type.Object({
  /** Made once by who observed; deduplicates redeliveries. */
  id: Type.String({ pattern: '^obs_[0-9A-HJKMNP-TV-Z]{26}$' }),
  /** The file server knows the attempt alone. */
  deviceKey: nullable(DeviceKey),
  at: Time,
  traceparent: Type.Optional(Traceparent),
  fact: ObservedFact,
})
export type Observation = Static<typeof Observation>

export const attemptObserved = event('attempt.observed', {
  delivery: 'stored',
  consumers: ['campaign-scheduler'],
  key: 'shard, 00 to ff, of the first item',
  description: 'What watched devices did, and every TransferComplete, in the order one observer saw it.',
  data: Type.Object({ items: Type.Array(Observation, { minItems: 1, maxItems: 256 }) }),
})
