import Type, { type Static } from 'typebox'
import { event, request } from './define.ts'
import { Actor, Count, Cursor, DeviceKey, SoftwareVersion, Time, Traceparent, nullable } from './values.ts'

const Oui = Type.String({ pattern: '^[0-9A-F]{6}$' })
const Name64 = Type.String({ maxLength: 64 })

export const CwmpEvent = Type.Object({
  code: Type.String({ maxLength: 64 }),
  commandKey: Type.String({ maxLength: 32 }),
})

/** What one Inform taught us about one device. */
export const InformedDevice = Type.Object({
  deviceKey: DeviceKey,
  manufacturer: Name64,
  oui: Oui,
  productClass: Name64,
  serialNumber: Name64,
  hardwareVersion: Type.Optional(Name64),
  softwareVersion: Type.Optional(SoftwareVersion),
  dataModelRoot: Type.Union([Type.Literal('Device.'), Type.Literal('InternetGatewayDevice.')]),
  connectionRequestUrl: Type.Optional(Type.String({ maxLength: 256 })),
  events: Type.Array(CwmpEvent, { maxItems: 64 }),
  sessionId: Type.String({ maxLength: 64 }),
  at: Time,
  traceparent: Type.Optional(Traceparent),
})
export type InformedDevice = Static<typeof InformedDevice>

export const deviceInformed = event('device.informed', {
  delivery: 'stored',
  consumers: ['device-registry'],
  key: 'shard, 00 to ff, of the first item',
  description: 'Devices informed: all Informs that one gateway acknowledged within a few milliseconds.',
  data: Type.Object({ items: Type.Array(InformedDevice, { minItems: 1, maxItems: 256 }) }),
})

export const Device = Type.Object({
  deviceKey: DeviceKey,
  /** `OUI-ProductClass-SerialNumber`, percent-encoded (TR-069 3.4.4). */
  name: Type.String({ maxLength: 512 }),
  manufacturer: Name64,
  oui: Oui,
  productClass: Name64,
  serialNumber: Name64,
  hardwareVersion: nullable(Name64),
  softwareVersion: nullable(SoftwareVersion),
  /** Null until the first Inform of an imported device. */
  lastInformAt: nullable(Time),
  firstSeenAt: Time,
  lastEvents: Type.Array(CwmpEvent),
  tags: Type.Array(Name64, { maxItems: 32 }),
  username: nullable(Type.String({ maxLength: 256 })),
})
export type Device = Static<typeof Device>

/** Which devices: every condition that is given has to hold. */
export const DeviceFilter = Type.Object(
  {
    deviceKeys: Type.Optional(Type.Array(DeviceKey, { maxItems: 10_000 })),
    /** Full readable names, as in Device.name. */
    names: Type.Optional(Type.Array(Type.String({ maxLength: 512 }), { maxItems: 10_000 })),
    models: Type.Optional(Type.Array(Type.Object({ oui: Oui, productClass: Name64 }), { maxItems: 64 })),
    softwareVersions: Type.Optional(Type.Array(SoftwareVersion, { maxItems: 64 })),
    tags: Type.Optional(Type.Array(Name64, { maxItems: 32 })),
  },
  { additionalProperties: false },
)
export type DeviceFilter = Static<typeof DeviceFilter>

export const deviceList = request('device.list', {
  server: 'device-registry',
  deadlineMs: 10_000,
  description: 'A page of the inventory in the order of deviceKey.',
  input: Type.Object({
    filter: DeviceFilter,
    cursor: Type.Optional(Cursor),
    limit: Type.Integer({ minimum: 1, maximum: 5_000 }),
  }),
  output: Type.Object({ items: Type.Array(Device), next: nullable(Cursor) }),
})

export const deviceGet = request('device.get', {
  server: 'device-registry',
  deadlineMs: 5_000,
  description: 'One device, by its key or its readable name.',
  input: Type.Object({ device: Type.String({ maxLength: 512 }) }),
  output: Device,
})

/** A device an operator brings in, with the credentials it authenticates with. */
export const ImportedDevice = Type.Object(
  {
    manufacturer: Type.Optional(Name64),
    oui: Oui,
    productClass: Name64,
    serialNumber: Type.String({ minLength: 1, maxLength: 64 }),
    username: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    password: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    tags: Type.Optional(Type.Array(Name64, { maxItems: 32 })),
  },
  { additionalProperties: false },
)
export type ImportedDevice = Static<typeof ImportedDevice>

export const deviceImport = request('device.import', {
  server: 'device-registry',
  deadlineMs: 30_000,
  description: 'Brings devices and their credentials into the inventory; what is there already is updated.',
  input: Type.Object({ items: Type.Array(ImportedDevice, { minItems: 1, maxItems: 1_000 }), actor: Actor }),
  output: Type.Object({ created: Count, updated: Count }),
})

/**
 * HA1 of RFC 2617, which is what digest needs and what a basic password can be checked against:
 * the password itself never leaves the registry. `unknown` is a positive answer: there is no such user.
 */
export const deviceCredential = request('device.credential', {
  server: 'device-registry',
  deadlineMs: 2_000,
  description: 'The digest secret of one device, for a gateway that has not met it yet.',
  input: Type.Object({ deviceKey: DeviceKey, realm: Type.String({ maxLength: 64 }) }),
  output: Type.Union([
    Type.Object({
      kind: Type.Literal('known'),
      username: Type.String({ maxLength: 256 }),
      ha1: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    }),
    Type.Object({ kind: Type.Literal('unknown') }),
  ]),
})

export const credentialChanged = event('device.credential_changed', {
  delivery: 'stored',
  consumers: ['cwmp-gateway'],
  key: 'all',
  description: 'Credentials of devices were replaced or withdrawn: gateways forget what they remember of them.',
  data: Type.Object({ deviceKeys: Type.Array(DeviceKey, { minItems: 1, maxItems: 1_000 }) }),
})
