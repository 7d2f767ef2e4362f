import { deviceKeyOf } from '@sluice/contracts'

/**
 * Which device a STUNUsername speaks of: our deviceKey, or the form of TR-069 3.4.4 (`OUI-ProductClass-Serial`). Null for
 * others: those devices are reached by what they report instead (G.2.2.2.2). Padded with blanks (G.2.1.3).
 */
export function deviceOfStunUsername(value: Buffer): string | null {
  const username = value.toString('utf8').replace(/[ \0]+$/, '')
  if (/^dev_[a-z2-7]{26}$/.test(username)) return username
  const parts = username.split('-')
  if (username.length > 256 || parts.length < 2 || parts.length > 3 || !/^[0-9A-Fa-f]{6}$/.test(parts[0]!)) return null
  try {
    const [oui = '', ...rest] = parts.map(decodeURIComponent)
    const [productClass = '', serialNumber = ''] = rest.length === 2 ? rest : ['', ...rest]
    return serialNumber === '' ? null : deviceKeyOf({ oui, productClass, serialNumber })
  } catch {
    return null
  }
}
