import type { DeviceSettings } from '../settings.ts'
import { defineManagementServer } from './management-server.ts'
import { defineNeighbours } from './neighbours.ts'
import { createParameterTree, type Parameter, type ParameterSpec, type ParameterTree } from './parameter-tree.ts'

export type Root = 'Device' | 'InternetGatewayDevice'

/** What a subscriber set up, and what a factory reset takes away. */
export interface SubscriberSettings {
  readonly ssid: string
  readonly username: string
  readonly password: string
  readonly provisioningCode: string
}

export interface DataModel extends ParameterTree {
  readonly root: Root
  /** The value of a ManagementServer parameter; `next` replaces it. */
  server(name: string, next?: string): string
  software(version?: string): string
  readSettings(): SubscriberSettings
  writeSettings(settings: SubscriberSettings): void
  /** The parameters every Inform carries (TR-181 and TR-098, "forced inform"). */
  informed(): [string, Parameter][]
  informInterval(seconds?: number): number
}

const fixed = (value: string): ParameterSpec => ({ type: 'xsd:string', writable: false, value })
const text = (value = ''): ParameterSpec => ({ type: 'xsd:string', writable: true, value })
const secret = (value = ''): ParameterSpec => ({ ...text(value), hidden: true })
const flag = (value: '0' | '1'): ParameterSpec => ({ type: 'xsd:boolean', writable: true, value })
const count = (value: string): ParameterSpec => ({ type: 'xsd:unsignedInt', writable: true, value })

export function createDataModel(settings: DeviceSettings, informSeconds: number): DataModel {
  const { root, identity, subscriber } = settings
  const tr181 = root === 'Device'
  const connection = `${root}.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1`
  const table = {
    ssid: tr181 ? 'Device.WiFi.SSID.' : `${root}.LANDevice.1.WLANConfiguration.`,
    user: tr181 ? 'Device.Users.User.' : `${root}.User.`,
    mapping: tr181 ? 'Device.NAT.PortMapping.' : `${connection}.PortMapping.`,
    files: `${root}.DeviceInfo.VendorConfigFile.`,
    logs: `${root}.DeviceInfo.VendorLogFile.`,
    environments: `${root}.SoftwareModules.ExecEnv.`,
    units: `${root}.SoftwareModules.DeploymentUnit.`,
  }
  const name = {
    software: `${root}.DeviceInfo.SoftwareVersion`,
    hardware: `${root}.DeviceInfo.HardwareVersion`,
    provisioning: `${root}.DeviceInfo.ProvisioningCode`,
    key: `${root}.ManagementServer.ParameterKey`,
    request: `${root}.ManagementServer.ConnectionRequestURL`,
    ssid: `${table.ssid}1.SSID`,
    user: `${table.user}1.Username`,
    password: `${table.user}1.Password`,
    wan: tr181 ? 'Device.IP.Interface.1.Status' : `${connection}.ConnectionStatus`,
    address: tr181 ? 'Device.IP.Interface.1.IPv4Address.1.IPAddress' : `${connection}.ExternalIPAddress`,
  }

  const tree = createParameterTree()
  tree.define(`${root}.DeviceInfo.Manufacturer`, fixed(identity.manufacturer))
  tree.define(`${root}.DeviceInfo.ManufacturerOUI`, fixed(identity.oui))
  tree.define(`${root}.DeviceInfo.ProductClass`, fixed(identity.productClass))
  tree.define(`${root}.DeviceInfo.SerialNumber`, fixed(identity.serialNumber))
  tree.define(name.hardware, fixed(identity.hardwareVersion))
  tree.define(name.software, fixed(settings.version))
  tree.define(name.provisioning, text(subscriber.provisioningCode))
  tree.define(`${root}.DeviceInfo.UpTime`, { type: 'xsd:unsignedInt', writable: false, value: '0' })
  defineManagementServer(tree, settings, informSeconds)
  tree.define(name.wan, fixed(tr181 ? 'Up' : 'Connected'))
  tree.define(name.address, fixed('192.0.2.1'))
  tree.defineTable(table.ssid, { writable: true, max: 8, template: { Alias: text(), Enable: flag('1'), SSID: text() } })
  tree.defineTable(table.user, {
    writable: true,
    max: 8,
    template: { Alias: text(), Enable: flag('1'), Username: text(), Password: secret() },
  })
  tree.defineTable(table.mapping, {
    writable: true,
    max: 4,
    template: {
      Alias: text(),
      Enable: flag('0'),
      Description: text(),
      ExternalPort: { ...count('0'), allows: (port) => Number(port) <= 65_535 },
      InternalClient: text(),
    },
  })
  const file = { Name: fixed(''), Version: fixed('') }
  tree.defineTable(table.files, { writable: false, template: file })
  tree.defineTable(table.logs, { writable: false, template: { Name: fixed('') } })
  tree.defineTable(table.environments, { writable: false, template: { Name: fixed('linux'), Status: fixed('Up') } })
  tree.defineTable(table.units, {
    writable: false,
    template: {
      UUID: fixed(''),
      Version: fixed(''),
      URL: fixed(''),
      Status: fixed('Installed'),
      ExecutionEnvRef: fixed(''),
    },
  })
  for (const path of [table.ssid, table.user, table.files, table.logs, table.environments]) tree.add(path, 'device')
  defineNeighbours(tree, settings)

  const value = (of: string, next?: string): string => {
    const parameter = tree.parameter(of)
    if (parameter && next !== undefined) parameter.value = next
    return parameter?.value ?? ''
  }
  const writeSettings = (next: SubscriberSettings): void => {
    value(name.ssid, next.ssid)
    value(name.user, next.username)
    value(name.password, next.password)
    value(name.provisioning, next.provisioningCode)
  }
  writeSettings(subscriber)
  const forced = [
    name.hardware,
    name.software,
    name.provisioning,
    name.key,
    name.request,
    name.address,
    // TR-069 3.6.1.
    `${root}.ManagementServer.AliasBasedAddressing`,
    ...(settings.gateway ? [`${root}.GatewayInfo.`] : []),
    ...(settings.proxier ? [`${root}.DeviceInfo.ProxierInfo.`] : []),
    ...(settings.informs ?? []),
  ]
  return {
    ...tree,
    root,
    server: (of, next) => value(`${root}.ManagementServer.${of}`, next),
    software: (version) => value(name.software, version),
    readSettings: () => ({
      ssid: value(name.ssid),
      username: value(name.user),
      password: value(name.password),
      provisioningCode: value(name.provisioning),
    }),
    writeSettings,
    informed: () => forced.flatMap((path) => tree.under(path)),
    informInterval: (seconds) => Number(value(`${root}.ManagementServer.PeriodicInformInterval`, seconds?.toString())),
  }
}
