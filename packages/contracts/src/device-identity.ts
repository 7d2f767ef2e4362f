import { hash } from 'node:crypto'

/** The identity a CPE states in Inform (TR-069 A.3.3.1, DeviceIdStruct). */
export interface DeviceIdentity {
  readonly oui: string
  readonly productClass: string
  readonly serialNumber: string
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

/**
 * The readable name: `OUI-ProductClass-SerialNumber`, or `OUI-SerialNumber` where the product class
 * is empty, each part percent-encoded but for the characters TR-069 3.4.4 leaves alone.
 */
export function deviceNameOf(id: DeviceIdentity): string {
  const parts = id.productClass === '' ? [id.oui, id.serialNumber] : [id.oui, id.productClass, id.serialNumber]
  return parts.map(percentEncode).join('-')
}

/** The fixed-length key of a device, safe in subjects, Redis keys and file names. Made here alone. */
export function deviceKeyOf(id: DeviceIdentity): string {
  return 'dev_' + base32(hash('sha256', deviceNameOf(id), 'buffer')).slice(0, 26)
}

/** Two hexadecimal digits: the share of the stream a device's events travel on. */
export function shardOf(deviceKey: string): string {
  return hash('sha256', deviceKey).slice(0, 2)
}

function percentEncode(part: string): string {
  // Nearly every part of nearly every device.
  if (/^[A-Za-z0-9_]*$/.test(part)) return part
  return Array.from(Buffer.from(part, 'utf8'), (byte) => {
    const char = String.fromCharCode(byte)
    return /[A-Za-z0-9_]/.test(char) ? char : '%' + byte.toString(16).toUpperCase().padStart(2, '0')
  }).join('')
}

function base32(bytes: Uint8Array): string {
  let bits = 0
  let value = 0
  let out = ''
  for (const byte of bytes) {
    value = (value << 8) | byte
    bits += 8
    while (bits >= 5) {
      out += BASE32[(value >>> (bits - 5)) & 31]
      bits -= 5
    }
    value &= (1 << bits) - 1
  }
  return out
}
