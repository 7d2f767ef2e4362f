import type { InformedDevice } from '@sluice/contracts'
import type { Inform } from '@sluice/cwmp'
import type { DeviceModel } from './session.ts'

/** `takesAliases`: it says so in every Inform, or must not be sent any (3.6.1). */
type Read = Omit<InformedDevice, 'deviceKey' | 'sessionId' | 'at'> & {
  readonly model: DeviceModel
  readonly takesAliases: boolean
}
/** By its path below the root; undefined also where it is empty or longer than that. */
type Value = (path: string, longest: number) => string | undefined
type Addresses = Pick<
  InformedDevice,
  'connectionRequestUrl' | 'udpConnectionRequestAddress' | 'natDetected' | 'jabberId'
>

/** What one Inform says of its device, each value within its bound; what was not said, or not readably, is absent. */
export function readInform({ deviceId, events, parameters }: Inform): Read {
  const root = parameters.some(({ name }) => name.startsWith('InternetGatewayDevice.'))
    ? 'InternetGatewayDevice.'
    : 'Device.'
  const value: Value = (path, longest) => {
    const found = parameters.find(({ name }) => isAt(name, path))?.value.trim()
    return found === undefined || found === '' || found.length > longest ? undefined : found
  }
  const hardwareVersion = value('DeviceInfo.HardwareVersion', 64)
  const softwareVersion = value('DeviceInfo.SoftwareVersion', 64)
  const oui = deviceId.oui.toUpperCase()
  const { manufacturer, productClass, serialNumber } = deviceId
  return {
    model: {
      oui,
      productClass,
      hardwareVersion: hardwareVersion ?? null,
      softwareVersion: softwareVersion ?? null,
      root,
    },
    takesAliases: isTrue(value('ManagementServer.AliasBasedAddressing', 8)),
    manufacturer,
    oui,
    productClass,
    serialNumber,
    ...(hardwareVersion === undefined ? {} : { hardwareVersion }),
    ...(softwareVersion === undefined ? {} : { softwareVersion }),
    dataModelRoot: root,
    ...addressesIn(value),
    ...gatewayIn(value),
    ...proxyIn(value),
    events: events.slice(0, 64).map(({ code, commandKey }) => ({
      code: code.slice(0, 64),
      commandKey: commandKey.slice(0, 32),
    })),
  }
}

/** Below the root, of which a CPE has one; a path that is no device's own (`Device.X.Device.`) stays as it is. */
function isAt(name: string, path: string): boolean {
  return name.endsWith(path) && ROOTS.includes(name.slice(0, name.length - path.length))
}

const ROOTS = ['Device.', 'InternetGatewayDevice.', '']

/** How it may be woken: by TCP, by UDP (Annex G), by XMPP (Annex K). */
function addressesIn(value: Value): Addresses {
  const url = value('ManagementServer.ConnectionRequestURL', 256)
  const udp = value('ManagementServer.UDPConnectionRequestAddress', 256)
  const nat = value('ManagementServer.NATDetected', 8)
  const jabberId = value('ManagementServer.ConnReqJabberID', 256)
  return {
    ...(url === undefined ? {} : { connectionRequestUrl: url }),
    ...(udp === undefined ? {} : { udpConnectionRequestAddress: udp }),
    ...(nat === undefined ? {} : { natDetected: isTrue(nat) }),
    ...(jabberId === undefined ? {} : { jabberId }),
  }
}

/** There are CPE that write booleans as 1 and 0 (quirk 23). */
function isTrue(value: string | undefined): boolean {
  return value !== undefined && ['1', 'true'].includes(value.toLowerCase())
}

/** The gateway it sits behind, as DHCP told it (Annex F). */
function gatewayIn(value: Value): Pick<InformedDevice, 'gateway'> {
  const oui = value('GatewayInfo.ManufacturerOUI', 6)
  const serialNumber = value('GatewayInfo.SerialNumber', 64)
  if (oui === undefined || serialNumber === undefined) return {}
  return { gateway: { oui, serialNumber, productClass: value('GatewayInfo.ProductClass', 64) ?? '' } }
}

/** A virtual device of a CPE proxier informs as the device itself; its ProxierInfo tells that it is one (J.2.1). */
function proxyIn(value: Value): Pick<InformedDevice, 'proxied'> {
  const protocol = value('DeviceInfo.ProxierInfo.ProxyProtocol', 64)
  if (protocol !== undefined) return { proxied: protocol }
  return value('DeviceInfo.ProxierInfo.SerialNumber', 64) === undefined ? {} : { proxied: 'unknown' }
}
