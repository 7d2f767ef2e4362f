import type { KeyObject } from 'node:crypto'
import type { Root, SubscriberSettings } from './data-model.ts'
import type { Faults } from './faults.ts'

export interface Identity {
  readonly manufacturer: string
  /** Six upper-case hexadecimal digits. */
  readonly oui: string
  readonly productClass: string
  readonly serialNumber: string
  readonly hardwareVersion: string
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
  /** Version in the CWMP namespace. */
  readonly cwmp: '1-0' | '1-1' | '1-2'
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
