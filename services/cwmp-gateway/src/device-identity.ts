import { type DeviceIdentity, deviceKeyOf } from '@sluice/contracts'
import type { DeviceId } from '@sluice/cwmp'

export type Identified =
  | { readonly kind: 'identified'; readonly identity: DeviceIdentity; readonly deviceKey: string }
  /** No inventory could hold it. */
  | { readonly kind: 'unusable' }

/** Who informs. An OUI is six hexadecimal digits, in upper case (TR-069 A.3.3.1); some CPE write them in lower. */
export function identityOf({ oui, productClass, serialNumber }: DeviceId): Identified {
  const identity = { oui: oui.toUpperCase(), productClass, serialNumber }
  if (!/^[0-9A-F]{6}$/.test(identity.oui)) return { kind: 'unusable' }
  return { kind: 'identified', identity, deviceKey: deviceKeyOf(identity) }
}
