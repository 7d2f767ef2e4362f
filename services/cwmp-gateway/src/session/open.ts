import type { InformedDevice } from '@sluice/contracts'
import type { AcsFault, Envelope, Inform, InformResponse } from '@sluice/cwmp'
import type { ModelProfile } from '@sluice/model-profiles'
import { type DeviceModel, profileOf, type Session } from './session.ts'

/** What an Inform begins: a session, and what the inventory learns. */
export interface Opening {
  readonly session: Session
  readonly informed: InformedDevice
  readonly reply: { readonly message: InformResponse | AcsFault; readonly useCwmpVersion?: string }
}

export interface OpeningInput {
  readonly envelope: Envelope
  readonly inform: Inform
  readonly deviceKey: string
  readonly sessionId: string
  readonly now: number
  readonly profiles: readonly ModelProfile[]
}

const SPOKEN_VERSIONS = ['1.4', '1.3', '1.2', '1.1', '1.0']
/** TR-069 3.7.2.4: not less than 30 seconds. Longer, since a slow CPE costs us one key. */
const SESSION_MS = 60_000
/** What a CPE needs besides the time its model takes for an answer. */
const MARGIN_MS = 30_000
const LONGEST_SESSION_MS = 600_000

/** A session from its Inform (TR-069 3.7.2.1). Everything a CPE wrote is cut to its bound. */
export function openSession({ envelope, inform, deviceKey, sessionId, now, profiles }: OpeningInput): Opening {
  const { deviceId, parameters } = inform
  const value = (path: string): string | null => {
    const found = parameters.find(({ name }) => name.endsWith(`.${path}`) && name.split('.').length === 3)?.value.trim()
    return found === undefined || found === '' || found.length > 64 ? null : found
  }
  const model: DeviceModel = {
    oui: deviceId.oui.toUpperCase(),
    productClass: deviceId.productClass,
    hardwareVersion: value('DeviceInfo.HardwareVersion'),
    softwareVersion: value('DeviceInfo.SoftwareVersion'),
    root: parameters.some(({ name }) => name.startsWith('InternetGatewayDevice.'))
      ? 'InternetGatewayDevice.'
      : 'Device.',
  }
  const requestUrl = parameters.find(({ name }) => name.endsWith('.ManagementServer.ConnectionRequestURL'))?.value
  const session: Session = {
    sessionId,
    deviceKey,
    model,
    cwmpVersion: envelope.cwmpVersion,
    booted: inform.events.some(({ code }) => code === '1 BOOT'),
    ttlMs: sessionMs(envelope, profileOf({ model }, profiles)),
    outstanding: null,
    running: null,
    begun: [],
    calls: 0,
    offered: null,
    broken: false,
  }
  const informed: InformedDevice = {
    deviceKey,
    manufacturer: deviceId.manufacturer,
    oui: model.oui,
    productClass: deviceId.productClass,
    serialNumber: deviceId.serialNumber,
    ...(model.hardwareVersion === null ? {} : { hardwareVersion: model.hardwareVersion }),
    ...(model.softwareVersion === null ? {} : { softwareVersion: model.softwareVersion }),
    dataModelRoot: model.root,
    ...(requestUrl === undefined || requestUrl.length > 256 ? {} : { connectionRequestUrl: requestUrl }),
    events: inform.events.slice(0, 64).map(({ code, commandKey }) => ({
      code: code.slice(0, 64),
      commandKey: commandKey.slice(0, 32),
    })),
    sessionId,
    at: new Date(now).toISOString(),
  }
  return { session, informed, reply: answerInform(envelope) }
}

function sessionMs({ sessionTimeoutSeconds }: Envelope, { answerMs }: ModelProfile): number {
  const wanted = Math.max((sessionTimeoutSeconds ?? 0) * 1_000, answerMs + MARGIN_MS, SESSION_MS)
  return Math.min(wanted, LONGEST_SESSION_MS)
}

function answerInform({ supportedVersions }: Envelope): Opening['reply'] {
  if (supportedVersions.length === 0) return { message: { kind: 'inform_response' } }
  const useCwmpVersion = SPOKEN_VERSIONS.find((version) => supportedVersions.includes(version))
  if (useCwmpVersion === undefined) return { message: { kind: 'acs_fault', code: 8006 } }
  return { message: { kind: 'inform_response' }, useCwmpVersion }
}
