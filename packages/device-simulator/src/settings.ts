import type { KeyObject } from 'node:crypto'
import type { Root, SubscriberSettings } from './model/data-model.ts'
import type { Faults } from './faults.ts'

export interface Identity {
  readonly manufacturer: string
  /** Six upper-case hexadecimal digits. */
  readonly oui: string
  readonly productClass: string
  readonly serialNumber: string
  readonly hardwareVersion: string
}

/** Another device this one belongs to or speaks for (TR-069 Annexes F and J). */
export interface Neighbour {
  readonly oui: string
  readonly productClass: string
  readonly serialNumber: string
  /** ProxyProtocol of a proxied device, for instance `Z-Wave`. */
  readonly protocol?: string
}

/** PEM texts: the authorities servers are checked by, and the device's own certificate. */
export interface TlsSettings {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** All there is to say about one simulated CPE. Times in real milliseconds unless named otherwise. */
export interface DeviceSettings {
  readonly acsUrl: string
  readonly identity: Identity
  readonly version: string
  readonly root: Root
  readonly username: string
  readonly password: string
  /** `challenge`: answers what the ACS asks for; `basic`: sends Basic unasked; `none`: never authenticates. */
  readonly auth: 'challenge' | 'basic' | 'none'
  readonly seed: number
  readonly periodicInformMs: number
  /** The first periodic Inform after a boot, or of another interval, comes anywhere within the interval, so that devices that started at once do not inform at once; otherwise near a whole one. */
  readonly startsAtAnyPhase: boolean
  /** Real seconds per protocol second: scales session retry waits, DelaySeconds and PeriodicInformInterval. 1 is real time. */
  readonly timeScale: number
  readonly startAfterMs: number
  readonly rebootMs: number
  readonly flashMs: number
  /** Longest silence of a server before the CPE gives up. */
  readonly timeoutMs: number
  /** How often a cut download is resumed with a Range request. */
  readonly resumes: number
  readonly maxImageBytes: number
  /** What this vendor reports for an image that is not there (HTTP 4xx). */
  readonly missingFileFault: 9010 | 9016
  /** Version in the CWMP namespace: 1-0, 1-1 or 1-2, or one that does not exist. */
  readonly cwmp: string
  /** What SupportedCWMPVersions says in every Inform, for instance `1.0,1.2,1.4` (TR-069 3.4.7). Absent: not sent. */
  readonly supportedVersions?: string
  /** What SessionTimeout says in every Inform, in seconds. Absent: not sent. */
  readonly sessionTimeoutSeconds?: number
  readonly tls?: TlsSettings
  /** The factory's login, back after a factory reset. Absent: `username` and `password` survive one. */
  readonly bootstrapUsername?: string
  readonly bootstrapPassword?: string
  /** Starts with the factory's login instead of `username` and `password`. */
  readonly startsAtFactory?: boolean
  /** Opens a port for connection requests over HTTP, and another for UDP. Absent: none; ConnectionRequestURL leads nowhere. */
  readonly listens?: boolean
  /** Where those ports are opened (127.0.0.1). */
  readonly listenHost?: string
  readonly connectionRequestUsername?: string
  readonly connectionRequestPassword?: string
  /** Believes its own address to be a private one, so that STUN tells it of a NAT. */
  readonly behindNat?: boolean
  /** GatewayInfo: the gateway it is behind (Annex F). */
  readonly gateway?: Neighbour
  /** ManagementServer.ManageableDevice: who is behind it. */
  readonly manageableDevices?: readonly Neighbour[]
  /** DeviceInfo.ProxierInfo: it is a proxied device, spoken for by this one (Annex J). */
  readonly proxier?: Neighbour
  /** ManagementServer.VirtualDevice: whom it speaks for. */
  readonly virtualDevices?: readonly Neighbour[]
  /** Parameters, or partial paths, that every Inform carries besides the forced ones. */
  readonly informs?: readonly string[]
  readonly subscriber: SubscriberSettings
  readonly vendorPublicKey: KeyObject
  readonly faults: Faults
}

/** `OUI-ProductClass-SerialNumber`, percent-encoded; without the product class where it is empty (TR-069 3.4.4). */
export function deviceNameOf(identity: Identity): string {
  const { oui, productClass, serialNumber } = identity
  const parts = productClass === '' ? [oui, serialNumber] : [oui, productClass, serialNumber]
  return parts.map(percentEncode).join('-')
}

function percentEncode(text: string): string {
  return Array.from(Buffer.from(text, 'utf8'), (octet) => {
    const character = String.fromCharCode(octet)
    return /[0-9A-Za-z_]/.test(character) ? character : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`
  }).join('')
}
