import type { Device, DeviceCall, FleetAction } from '@sluice/contracts'
import type { CredentialPurpose, StoredCall } from '../call/stored-call.ts'
import { informTimeOf } from './inform-phase.ts'

type Parameter = Extract<DeviceCall, { method: 'SetParameterValues' }>['parameters'][number]

/**
 * What a fleet's action means on one device; null where it has not said yet which data model it has. Parameters by
 * TR-098 and TR-181, which name them alike below their roots.
 */
export function expandAction(
  action: FleetAction,
  device: Pick<Device, 'deviceKey' | 'dataModelRoot'>,
  { wakerJabberId }: { readonly wakerJabberId: string },
): StoredCall | null {
  if (action.kind === 'call') return { call: action.call }
  const root = device.dataModelRoot
  if (root === null) return null
  const server = (name: string) => `${root}ManagementServer.${name}`
  switch (action.kind) {
    case 'periodic_inform':
      return set([
        boolean(server('PeriodicInformEnable'), true),
        unsigned(server('PeriodicInformInterval'), action.intervalSeconds),
        {
          name: server('PeriodicInformTime'),
          value: informTimeOf(device.deviceKey, action.intervalSeconds),
          type: 'dateTime',
        },
      ])
    case 'session_retry':
      return set([
        unsigned(server('CWMPRetryMinimumWaitInterval'), action.minimumWaitSeconds),
        unsigned(server('CWMPRetryIntervalMultiplier'), action.multiplier),
      ])
    case 'connection_request_credentials':
      return issue('connection_request', {
        [server('ConnectionRequestUsername')]: 'username',
        [server('ConnectionRequestPassword')]: 'password',
      })
    case 'cwmp_credentials':
      return issue('cwmp', { [server('Username')]: 'username', [server('Password')]: 'password' })
    case 'stun':
      return stun(action, device.deviceKey, server)
    case 'xmpp':
      return xmpp(action, root, wakerJabberId)
    case 'hand_over':
      return set([
        string(server('URL'), action.url),
        ...when(action.username, (username) => string(server('Username'), username)),
        ...when(action.password, (password) => string(server('Password'), password)),
      ])
  }
}

/**
 * The device finds its address at a STUN server (TR-069 G.2.1). Its password there is that of its connection requests,
 * by which the waker knows whose binding it sees: both are written together.
 */
function stun(
  action: Extract<FleetAction, { kind: 'stun' }>,
  deviceKey: string,
  server: (name: string) => string,
): StoredCall {
  const into = {
    [server('ConnectionRequestUsername')]: 'username',
    [server('ConnectionRequestPassword')]: 'password',
    [server('STUNPassword')]: 'password',
  } as const
  return issue('connection_request', into, [
    string(server('STUNUsername'), deviceKey),
    string(server('STUNServerAddress'), action.serverAddress),
    unsigned(server('STUNServerPort'), action.serverPort),
    ...when(action.minimumKeepAliveSeconds, (seconds) => unsigned(server('STUNMinimumKeepAlivePeriod'), seconds)),
    ...when(action.maximumKeepAliveSeconds, (seconds) => ({
      name: server('STUNMaximumKeepAlivePeriod'),
      value: String(seconds),
      type: 'int' as const,
    })),
    boolean(server('STUNEnable'), true),
  ])
}

/**
 * A connection of the device to an XMPP server, and ManagementServer pointing at it (TR-069 K.2.2 and Appendix III).
 * The first instance has to be there: a device that has none says 9005, and AddObject is a call of its own.
 */
function xmpp(action: Extract<FleetAction, { kind: 'xmpp' }>, root: string, wakerJabberId: string): StoredCall {
  const connection = `${root}XMPP.Connection.1`
  const { domain, serverAddress, serverPort } = action
  const servers =
    serverAddress === undefined
      ? []
      : [
          string(`${connection}.ServerConnectAlgorithm`, 'ServerTable'),
          boolean(`${connection}.Server.1.Enable`, true),
          string(`${connection}.Server.1.ServerAddress`, serverAddress),
          ...when(serverPort, (port) => unsigned(`${connection}.Server.1.Port`, port)),
        ]
  const into = { [`${connection}.Username`]: 'username', [`${connection}.Password`]: 'password' } as const
  return issue('xmpp', into, [
    string(`${connection}.Domain`, domain),
    boolean(`${connection}.UseTLS`, true),
    ...servers,
    boolean(`${connection}.Enable`, true),
    string(`${root}ManagementServer.ConnReqXMPPConnection`, connection),
    ...(wakerJabberId === '' ? [] : [string(`${root}ManagementServer.ConnReqAllowedJabberIDs`, wakerJabberId)]),
  ])
}

function set(parameters: Parameter[]): StoredCall {
  return { call: { method: 'SetParameterValues', parameters } }
}

/** User name and password are filled in when the device is on the line. */
function issue(
  purpose: CredentialPurpose,
  into: NonNullable<StoredCall['credential']>['into'],
  more: readonly Parameter[] = [],
): StoredCall {
  const parameters = [...Object.keys(into).map((name) => string(name, '')), ...more]
  return { call: { method: 'SetParameterValues', parameters }, credential: { purpose, into } }
}

const string = (name: string, value: string): Parameter => ({ name, value, type: 'string' })
const unsigned = (name: string, value: number): Parameter => ({ name, value: String(value), type: 'unsignedInt' })
const boolean = (name: string, value: boolean): Parameter => ({ name, value: String(value), type: 'boolean' })

function when<T>(value: T | undefined, make: (value: T) => Parameter): Parameter[] {
  return value === undefined ? [] : [make(value)]
}
