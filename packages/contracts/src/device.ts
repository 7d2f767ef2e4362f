import Type, { type Static } from 'typebox'
import { event, request } from './define.ts'
import { TARGETS, TIME_ZONE } from './formats.ts'
import { Actor, Count, Cursor, DeviceKey, SoftwareVersion, Time, Traceparent, nullable } from './values.ts'

const Oui = Type.String({ pattern: '^[0-9A-F]{6}$' })
const Name64 = Type.String({ maxLength: 64 })

export const CwmpEvent = Type.Object({
  code: Type.String({ maxLength: 64 }),
  commandKey: Type.String({ maxLength: 32 }),
})

const WarningCode = Type.String({ maxLength: 64 })

/** TR-069 Annex F: GatewayInfo of a device behind it. */
const GatewayIdentity = Type.Object({
  oui: Type.String({ maxLength: 6 }),
  productClass: Name64,
  serialNumber: Name64,
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
  /** UDPConnectionRequestAddress (Annex G) and ConnReqJabberID (Annex K). */
  udpConnectionRequestAddress: Type.Optional(Type.String({ maxLength: 256 })),
  natDetected: Type.Optional(Type.Boolean()),
  jabberId: Type.Optional(Type.String({ maxLength: 256 })),
  /** The gateway this device sits behind (Annex F), as it says. */
  gateway: Type.Optional(GatewayIdentity),
  /** This device speaks through a CWMP proxy (Annex J): how it is proxied, as it says. */
  proxied: Type.Optional(Type.String({ maxLength: 64 })),
  /** Of the namespace, or of the negotiation: `1.0` to `1.4`. */
  cwmpVersion: Type.Optional(Type.String({ maxLength: 8 })),
  /** Codes of what was tolerated in this Inform; absent when nothing was. */
  warnings: Type.Optional(Type.Array(WarningCode, { maxItems: 32 })),
  /** It authenticated with the credential of its model, not its own. */
  byBootstrapCredential: Type.Optional(Type.Boolean()),
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

const PlaceName = Type.String({ minLength: 1, maxLength: 64, pattern: '^[^\\u0000-\\u001f\\u007f]+$' })
/** Where a device stands, as the operator's systems say; a caps' `site` is what shares a line: an OLT, a BNG, a street. */
const Place = {
  site: PlaceName,
  region: PlaceName,
  accessNode: PlaceName,
  /** The subscriber's IANA time zone, for example `Europe/Madrid`. */
  zone: Type.String({ minLength: 1, maxLength: 64 }),
}
/** What is brought in is checked; what stands there already is told as it is. */
const GivenZone = Type.String({ minLength: 1, maxLength: 64, format: TIME_ZONE })

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
  site: nullable(Place.site),
  region: nullable(Place.region),
  accessNode: nullable(Place.accessNode),
  zone: nullable(Place.zone),
  /** When something last changed that targets may ask for: its version, model, tags or place. */
  changedAt: Time,
  username: nullable(Type.String({ maxLength: 256 })),
  /** Null before its first Inform. */
  dataModelRoot: nullable(Type.Union([Type.Literal('Device.'), Type.Literal('InternetGatewayDevice.')])),
  cwmpVersion: nullable(Type.String({ maxLength: 8 })),
  /** By which of them a connection request may reach it. */
  wakeableBy: Type.Array(Type.Union([Type.Literal('http'), Type.Literal('udp'), Type.Literal('xmpp')])),
  /** The gateway it sits behind (Annex F), by its readable name. */
  gatewayName: nullable(Type.String({ maxLength: 512 })),
  proxied: nullable(Type.String({ maxLength: 64 })),
  /** `13 WAKEUP` came last at this time (Annex L). */
  lastWakeUpAt: nullable(Time),
  /** What had to be tolerated, by code, with when it was last. */
  leniencies: Type.Array(Type.Object({ code: WarningCode, lastAt: Time }), { maxItems: 64 }),
  /** The model profile that fits it now. */
  profile: Type.String({ maxLength: 64 }),
  /** Whether the bodies of its messages are kept. */
  logsBodies: Type.Boolean(),
})
export type Device = Static<typeof Device>

/** Which devices: every condition that is given has to hold. */
export const DeviceFilter = Type.Object(
  {
    deviceKeys: Type.Optional(Type.Array(DeviceKey, { maxItems: 10_000 })),
    /** Full readable names, as in Device.name. */
    names: Type.Optional(Type.Array(Type.String({ maxLength: 512 }), { maxItems: 10_000 })),
    models: Type.Optional(
      Type.Array(Type.Object({ oui: Oui, productClass: Name64 }, { additionalProperties: false }), { maxItems: 64 }),
    ),
    softwareVersions: Type.Optional(Type.Array(SoftwareVersion, { maxItems: 64 })),
    tags: Type.Optional(Type.Array(Name64, { maxItems: 32 })),
    /** An expression over the inventory: docs/targets.md. */
    where: Type.Optional(Type.String({ minLength: 1, maxLength: 4_000, format: TARGETS })),
  },
  { additionalProperties: false },
)
export type DeviceFilter = Static<typeof DeviceFilter>

export const deviceList = request('device.list', {
  server: 'device-registry',
  deadlineMs: 10_000,
  description:
    'A page of the inventory in the order of deviceKey. It may be short, or empty, before the last one: read on until next is null.',
  input: Type.Object({
    filter: DeviceFilter,
    /** Those alone whose `changedAt` is not before it. Look back some seconds further: what is being written has its time already. */
    changedSince: Type.Optional(Time),
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
    site: Type.Optional(Place.site),
    region: Type.Optional(Place.region),
    accessNode: Type.Optional(Place.accessNode),
    zone: Type.Optional(GivenZone),
    connectionRequestUrl: Type.Optional(Type.String({ maxLength: 256 })),
    connectionRequestUsername: Type.Optional(Type.String({ maxLength: 256 })),
    connectionRequestPassword: Type.Optional(Type.String({ maxLength: 256 })),
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

export const DeviceChange = Type.Object(
  {
    tags: Type.Optional(Type.Array(Name64, { maxItems: 32 })),
    /** Null: not known any longer. */
    site: Type.Optional(nullable(Place.site)),
    region: Type.Optional(nullable(Place.region)),
    accessNode: Type.Optional(nullable(Place.accessNode)),
    zone: Type.Optional(nullable(GivenZone)),
    username: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    password: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    connectionRequestUsername: Type.Optional(Type.String({ maxLength: 256 })),
    connectionRequestPassword: Type.Optional(Type.String({ maxLength: 256 })),
    logsBodies: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)
export type DeviceChange = Static<typeof DeviceChange>

export const deviceUpdate = request('device.update', {
  server: 'device-registry',
  deadlineMs: 5_000,
  description: 'Changes what is given of one device.',
  input: Type.Object({ device: Type.String({ maxLength: 512 }), change: DeviceChange, actor: Actor }),
  output: Device,
})

export const deviceRemove = request('device.remove', {
  server: 'device-registry',
  deadlineMs: 5_000,
  description: 'Forgets a device, its credentials and its message log; the audit trail stays.',
  input: Type.Object({ device: Type.String({ maxLength: 512 }), actor: Actor }),
  output: Type.Object({}),
})

/** By operators, not by devices themselves: what a campaign has copied of them is no longer so. */
export const deviceChanged = event('device.changed', {
  delivery: 'stored',
  consumers: ['campaign-scheduler'],
  key: 'shard, 00 to ff, of the first item',
  description: 'Devices moved to another site or zone, or were removed from the inventory.',
  data: Type.Object({
    items: Type.Array(
      Type.Union([
        Type.Object({
          kind: Type.Literal('moved'),
          deviceKey: DeviceKey,
          site: nullable(Place.site),
          zone: nullable(Place.zone),
          at: Time,
        }),
        Type.Object({ kind: Type.Literal('removed'), deviceKey: DeviceKey, at: Time }),
      ]),
      { minItems: 1, maxItems: 500 },
    ),
  }),
})
