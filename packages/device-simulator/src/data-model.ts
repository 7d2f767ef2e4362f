import type { Identity } from './settings.ts'

export type Root = 'Device' | 'InternetGatewayDevice'

export interface Parameter {
  readonly type: 'xsd:string' | 'xsd:boolean' | 'xsd:unsignedInt'
  readonly writable: boolean
  value: string
  /** Reads back as "" whatever it is, as passwords do. */
  readonly hidden?: boolean
}

/** What a subscriber set up, and what a factory reset takes away. */
export interface SubscriberSettings {
  readonly ssid: string
  readonly username: string
  readonly password: string
  readonly provisioningCode: string
}

export interface DataModel {
  readonly root: Root
  parameter(name: string): Parameter | undefined
  /** Every parameter under a partial path (with its final dot; "" is everything), or the one of a full name. */
  under(path: string): [string, Parameter][]
  software(version?: string): string
  readSettings(): SubscriberSettings
  writeSettings(settings: SubscriberSettings): void
  /** The parameters every Inform carries (TR-181 and TR-098, "forced inform"). */
  informed(): [string, Parameter][]
  informInterval(seconds?: number): number
}

export interface DataModelStart {
  readonly root: Root
  readonly identity: Identity
  readonly version: string
  readonly acsUrl: string
  readonly informSeconds: number
  readonly settings: SubscriberSettings
}

export function createDataModel(start: DataModelStart): DataModel {
  const { root, identity, settings } = start
  const tr181 = root === 'Device'
  const name = {
    software: `${root}.DeviceInfo.SoftwareVersion`,
    hardware: `${root}.DeviceInfo.HardwareVersion`,
    provisioning: `${root}.DeviceInfo.ProvisioningCode`,
    key: `${root}.ManagementServer.ParameterKey`,
    request: `${root}.ManagementServer.ConnectionRequestURL`,
    interval: `${root}.ManagementServer.PeriodicInformInterval`,
    ssid: tr181 ? 'Device.WiFi.SSID.1.SSID' : `${root}.LANDevice.1.WLANConfiguration.1.SSID`,
    user: tr181 ? 'Device.Users.User.1.Username' : `${root}.User.1.Username`,
    password: tr181 ? 'Device.Users.User.1.Password' : `${root}.User.1.Password`,
    wan: tr181
      ? 'Device.IP.Interface.1.Status'
      : `${root}.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.ConnectionStatus`,
    address: tr181
      ? 'Device.IP.Interface.1.IPv4Address.1.IPAddress'
      : `${root}.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.ExternalIPAddress`,
  }
  const fixed = (value: string): Parameter => ({ type: 'xsd:string', writable: false, value })
  const text = (value: string): Parameter => ({ type: 'xsd:string', writable: true, value })
  const parameters = new Map<string, Parameter>([
    [`${root}.DeviceInfo.Manufacturer`, fixed(identity.manufacturer)],
    [`${root}.DeviceInfo.ManufacturerOUI`, fixed(identity.oui)],
    [`${root}.DeviceInfo.ProductClass`, fixed(identity.productClass)],
    [`${root}.DeviceInfo.SerialNumber`, fixed(identity.serialNumber)],
    [name.hardware, fixed(identity.hardwareVersion)],
    [name.software, fixed(start.version)],
    [name.provisioning, text(settings.provisioningCode)],
    [`${root}.ManagementServer.URL`, text(start.acsUrl)],
    [`${root}.ManagementServer.PeriodicInformEnable`, { type: 'xsd:boolean', writable: true, value: '1' }],
    [name.interval, { type: 'xsd:unsignedInt', writable: true, value: String(start.informSeconds) }],
    [name.key, fixed('')],
    [name.request, fixed(`http://127.0.0.1:9/${encodeURIComponent(identity.serialNumber)}`)],
    [name.wan, fixed(tr181 ? 'Up' : 'Connected')],
    [name.address, fixed('192.0.2.1')],
    [name.ssid, text(settings.ssid)],
    [name.user, text(settings.username)],
    [name.password, { type: 'xsd:string', writable: true, value: settings.password, hidden: true }],
  ])
  const value = (of: string, next?: string): string => {
    const parameter = parameters.get(of)
    if (parameter && next !== undefined) parameter.value = next
    return parameter?.value ?? ''
  }
  const forced = [name.hardware, name.software, name.provisioning, name.key, name.request, name.address]
  return {
    root,
    parameter: (of) => parameters.get(of),
    under: (path) => {
      if (path !== '' && !path.endsWith('.')) return [...parameters].filter(([of]) => of === path)
      return [...parameters].filter(([of]) => of.startsWith(path))
    },
    software: (version) => value(name.software, version),
    readSettings: () => ({
      ssid: value(name.ssid),
      username: value(name.user),
      password: value(name.password),
      provisioningCode: value(name.provisioning),
    }),
    writeSettings: (next) => {
      value(name.ssid, next.ssid)
      value(name.user, next.username)
      value(name.password, next.password)
      value(name.provisioning, next.provisioningCode)
    },
    informed: () => [...parameters].filter(([of]) => forced.includes(of)),
    informInterval: (seconds) => Number(value(name.interval, seconds?.toString())),
  }
}
