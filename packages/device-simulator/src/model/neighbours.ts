import type { DeviceSettings, Neighbour } from '../settings.ts'
import type { ParameterSpec, ParameterTree } from './parameter-tree.ts'

const fixed: ParameterSpec = { type: 'xsd:string', writable: false, value: '' }
const NEIGHBOUR = { ManufacturerOUI: fixed, ProductClass: fixed, SerialNumber: fixed }

/** The devices this one belongs to or speaks for: the gateway it is behind (TR-069 Annex F), and its proxier (Annex J). */
export function defineNeighbours(tree: ParameterTree, settings: DeviceSettings): void {
  const { root, gateway, proxier, manageableDevices = [], virtualDevices = [] } = settings
  const put = (path: string, neighbour: Neighbour, spec: Partial<ParameterSpec> = {}): void => {
    tree.define(`${path}ManufacturerOUI`, { ...fixed, ...spec, value: neighbour.oui })
    tree.define(`${path}ProductClass`, { ...fixed, ...spec, value: neighbour.productClass })
    tree.define(`${path}SerialNumber`, { ...fixed, ...spec, value: neighbour.serialNumber })
  }
  // Active notification by default (TR-069 F.2.2).
  if (gateway) put(`${root}.GatewayInfo.`, gateway, { notification: 2 })
  if (proxier) {
    put(`${root}.DeviceInfo.ProxierInfo.`, proxier)
    tree.define(`${root}.DeviceInfo.ProxierInfo.ProxyProtocol`, { ...fixed, value: proxier.protocol ?? '' })
  }
  const list = (table: string, neighbours: readonly Neighbour[], more: Record<string, ParameterSpec> = {}): void => {
    tree.defineTable(table, { writable: false, template: { ...NEIGHBOUR, ...more } })
    for (const neighbour of neighbours) {
      const added = tree.add(table, 'device')
      if (added.kind === 'added') putInto(tree, added.path, neighbour)
    }
  }
  list(`${root}.ManagementServer.ManageableDevice.`, manageableDevices)
  list(`${root}.ManagementServer.VirtualDevice.`, virtualDevices, { ProxyProtocol: fixed })
}

function putInto(tree: ParameterTree, path: string, neighbour: Neighbour): void {
  const values: Record<string, string | undefined> = {
    ManufacturerOUI: neighbour.oui,
    ProductClass: neighbour.productClass,
    SerialNumber: neighbour.serialNumber,
    ProxyProtocol: neighbour.protocol,
  }
  for (const [name, value] of Object.entries(values)) {
    const parameter = tree.parameter(path + name)
    if (parameter && value !== undefined) parameter.value = value
  }
}
