import Type, { type Static } from 'typebox'
import { event, request } from './define.ts'
import { Count, Cursor, DeviceKey, FaultCode, Time, Traceparent, nullable } from './values.ts'

/** One line of a device's message log. Idle Informs (`2 PERIODIC` alone) are not in it. */
export const DeviceMessage = Type.Object({
  deviceKey: DeviceKey,
  sessionId: Type.String({ maxLength: 64 }),
  at: Time,
  /** Who spoke. */
  from: Type.Union([Type.Literal('cpe'), Type.Literal('acs')]),
  /** The name on the wire: `Inform`, `GetParameterValuesResponse`, `Fault`. */
  method: Type.String({ maxLength: 64 }),
  commandKey: nullable(Type.String({ maxLength: 32 })),
  events: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 64 })),
  faultCode: nullable(FaultCode),
  /** Codes of what was tolerated in it. */
  warnings: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 32 })),
  bytes: Count,
  /** The whole envelope, only where it was switched on for this device; secrets are masked. */
  body: Type.Optional(Type.String({ maxLength: 65_536 })),
  traceparent: Type.Optional(Traceparent),
})
export type DeviceMessage = Static<typeof DeviceMessage>

export const deviceMessages = event('device.messages', {
  delivery: 'stored',
  consumers: ['device-registry'],
  key: 'shard, 00 to ff, of the first item',
  description: 'What was said in sessions that were not idle, for the message logs of devices.',
  data: Type.Object({ items: Type.Array(DeviceMessage, { minItems: 1, maxItems: 64 }) }),
})

export const deviceMessageList = request('device_message.list', {
  server: 'device-registry',
  deadlineMs: 10_000,
  description: 'The message log of a device, newest first.',
  input: Type.Object({
    deviceKey: DeviceKey,
    method: Type.Optional(Type.String({ maxLength: 64 })),
    commandKey: Type.Optional(Type.String({ maxLength: 32 })),
    cursor: Type.Optional(Cursor),
    limit: Type.Integer({ minimum: 1, maximum: 1_000 }),
  }),
  output: Type.Object({ items: Type.Array(DeviceMessage), next: nullable(Cursor) }),
})
