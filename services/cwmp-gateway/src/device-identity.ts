import { type DeviceIdentity, deviceKeyOf } from '@sluice/contracts'
import type { DeviceId } from '@sluice/cwmp'

export type Identified =
  | { readonly kind: 'identified'; readonly identity: DeviceIdentity; readonly deviceKey: string }
  /** No inventory could hold it. */
  | { readonly kind: 'unusable' }

/** Who informs. An OUI is six hexadecimal digits, in upper case (TR-069 A.3.3.1); some CPE write them in lower. */
export function identityOf({ oui, productClass, serialNumber }: Omit<DeviceId, 'manufacturer'>): Identified {
  const identity = { oui: oui.toUpperCase(), productClass, serialNumber }
  if (!/^[0-9A-F]{6}$/.test(identity.oui)) return { kind: 'unusable' }
  return { kind: 'identified', identity, deviceKey: deviceKeyOf(identity) }
}

/**
 * The device a user name names, in a form of TR-069 3.4.4. Any other user name, and one whose dashes are not escaped,
 * says nothing of a device.
 */
export function identityNamed(username: string): Identified {
  const [oui = '', ...parts] = username.split('-')
  const [serialNumber, productClass = ''] = parts.toReversed().map(unescaped)
  if (parts.length > 2 || serialNumber === undefined || serialNumber === null || serialNumber === '') return UNUSABLE
  if (productClass === null || (parts.length === 2 && productClass === '')) return UNUSABLE
  return identityOf({ oui, productClass, serialNumber })
}

const UNUSABLE = { kind: 'unusable' } as const

/** Null: percent-encoded in another character set than UTF-8, as CPE did before TR-069 said which. */
function unescaped(part: string): string | null {
  try {
    return decodeURIComponent(part)
  } catch {
    return null
  }
}
