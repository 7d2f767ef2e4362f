import type { DeviceSettings } from '../settings.ts'
import type { ParameterSpec, ParameterTree } from './parameter-tree.ts'

const text = (value: string, hidden = false): ParameterSpec => ({ type: 'xsd:string', writable: true, value, hidden })
const fixed = (value: string): ParameterSpec => ({ type: 'xsd:string', writable: false, value })
const flag = (value: boolean, writable = true): ParameterSpec => ({
  type: 'xsd:boolean',
  writable,
  value: value ? '1' : '0',
})
const number = (value: number, least = 0, most = 4_294_967_295): ParameterSpec => ({
  type: 'xsd:unsignedInt',
  writable: true,
  value: String(value),
  allows: (next) => Number(next) >= least && Number(next) <= most,
})
const whole = (value: number): ParameterSpec => ({ type: 'xsd:int', writable: true, value: String(value) })

/** ManagementServer as a factory sets it: how the ACS is found, and how it finds the device (TR-181 and TR-098). */
export function defineManagementServer(tree: ParameterTree, settings: DeviceSettings, informSeconds: number): void {
  const { root, identity } = settings
  const username = settings.startsAtFactory ? settings.bootstrapUsername : undefined
  const password = settings.startsAtFactory ? settings.bootstrapPassword : undefined
  const specs: Record<string, ParameterSpec> = {
    URL: { ...text(settings.acsUrl), allows: (url) => /^https?:$/.test(URL.parse(url)?.protocol ?? '') },
    Username: text(username ?? settings.username),
    Password: text(password ?? settings.password, true),
    PeriodicInformEnable: flag(true),
    PeriodicInformInterval: number(informSeconds, 1),
    PeriodicInformTime: { type: 'xsd:dateTime', writable: true, value: '0001-01-01T00:00:00Z' },
    ParameterKey: fixed(''),
    ConnectionRequestURL: fixed(`http://127.0.0.1:9/${encodeURIComponent(identity.serialNumber)}`),
    ConnectionRequestUsername: text(settings.connectionRequestUsername ?? ''),
    ConnectionRequestPassword: text(settings.connectionRequestPassword ?? '', true),
    CWMPRetryMinimumWaitInterval: number(5, 1, 65_535),
    CWMPRetryIntervalMultiplier: number(2000, 1000, 65_535),
    UDPConnectionRequestAddress: fixed(''),
    UDPConnectionRequestAddressNotificationLimit: number(0),
    STUNEnable: flag(false),
    STUNServerAddress: text(''),
    STUNServerPort: number(3478, 1, 65_535),
    STUNUsername: text(''),
    STUNPassword: text('', true),
    STUNMaximumKeepAlivePeriod: whole(-1),
    STUNMinimumKeepAlivePeriod: number(30),
    NATDetected: flag(false, false),
    AliasBasedAddressing: flag(true, false),
    AutoCreateInstances: flag(false),
    LightweightNotificationProtocolsSupported: fixed('UDP'),
    LightweightNotificationProtocolsUsed: text('UDP'),
    UDPLightweightNotificationHost: text(''),
    UDPLightweightNotificationPort: number(7547, 1, 65_535),
    'StandbyPolicy.CRUnawarenessMaxDuration': whole(-1),
    'StandbyPolicy.MaxMissedPeriodic': whole(-1),
    'StandbyPolicy.NotifyMissedScheduled': flag(false),
    'StandbyPolicy.NetworkAwarenessCapable': flag(true, false),
    'StandbyPolicy.SelfTimerCapable': flag(true, false),
    'StandbyPolicy.CRAwarenessRequested': flag(false),
    'StandbyPolicy.PeriodicAwarenessRequested': flag(false),
    'StandbyPolicy.ScheduledAwarenessRequested': flag(false),
  }
  for (const [name, spec] of Object.entries(specs)) tree.define(`${root}.ManagementServer.${name}`, spec)
}
