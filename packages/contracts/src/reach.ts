import Type, { type Static } from 'typebox'
import { event, request } from './define.ts'
import { Wake } from './device-task.ts'
import { DeviceKey, Time, nullable } from './values.ts'

/** Where and how a device can be woken (TR-069 3.2.2, Annexes G and K). Null: not known, or not had. */
export const Reach = Type.Object({
  deviceKey: DeviceKey,
  connectionRequestUrl: nullable(Type.String({ maxLength: 256 })),
  /** `host:port` as the device reported it (UDPConnectionRequestAddress). */
  udpConnectionRequestAddress: nullable(Type.String({ maxLength: 256 })),
  natDetected: nullable(Type.Boolean()),
  /** Full Jabber id (ConnReqJabberID). */
  jabberId: nullable(Type.String({ maxLength: 256 })),
  username: nullable(Type.String({ maxLength: 256 })),
  password: nullable(Type.String({ maxLength: 256 })),
})
export type Reach = Static<typeof Reach>

/** Holds a password: on request and reply alone, which nobody stores. */
export const deviceReach = request('device.reach', {
  server: 'device-registry',
  deadlineMs: 3_000,
  description: 'How to wake a device, with the credentials it expects of who does.',
  input: Type.Object({ deviceKey: DeviceKey }),
  output: Reach,
})

/** The password stays in the registry: what is to be checked goes to it (Annex M.2.3). */
export const deviceSignature = request('device.signature', {
  server: 'device-registry',
  deadlineMs: 2_000,
  description: 'Whether a message bears the signature of this device: HMAC-SHA1 with its CWMP password.',
  input: Type.Object({
    deviceKey: DeviceKey,
    username: Type.String({ maxLength: 256 }),
    /** The message body, in base64. */
    body: Type.String({ maxLength: 24_000 }),
    signature: Type.String({ pattern: '^[0-9a-f]{40}$' }),
  }),
  output: Type.Object({ kind: Type.Union([Type.Literal('valid'), Type.Literal('invalid'), Type.Literal('unknown')]) }),
})

export const deviceWake = request('device.wake', {
  server: 'device-waker',
  deadlineMs: 3_000,
  description: 'Ask a device to come. Answered when it is queued: device.woken says what became of it.',
  input: Type.Object({ deviceKey: DeviceKey }),
  output: Type.Object({ kind: Type.Union([Type.Literal('queued'), Type.Literal('overloaded')]) }),
})

export const deviceWoken = event('device.woken', {
  delivery: 'live',
  consumers: [],
  key: 'deviceKey',
  description: 'What became of connection requests. `accepted` says that the device heard, not that it came.',
  data: Type.Object({
    items: Type.Array(
      Type.Object({
        deviceKey: DeviceKey,
        outcome: Wake,
        by: nullable(Type.Union([Type.Literal('http'), Type.Literal('udp'), Type.Literal('xmpp')])),
        attempts: Type.Integer({ minimum: 0 }),
        at: Time,
      }),
      { minItems: 1, maxItems: 256 },
    ),
  }),
})

/** Annex M: a device said by UDP that parameters changed; its signature and timestamp were checked. */
export const deviceNotified = event('device.notified', {
  delivery: 'stored',
  consumers: ['device-registry'],
  key: 'shard, 00 to ff, of the first item',
  description: 'UDP Lightweight Notifications, authenticated and not replayed.',
  data: Type.Object({
    items: Type.Array(
      Type.Object({
        deviceKey: DeviceKey,
        at: Time,
        parameters: Type.Array(
          Type.Object({ name: Type.String({ maxLength: 256 }), value: Type.String({ maxLength: 256 }) }),
          {
            maxItems: 32,
          },
        ),
      }),
      { minItems: 1, maxItems: 256 },
    ),
  }),
})
