import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** Passwords at rest: AES-256-GCM, bound to the device they belong to. */
export interface Seal {
  close(deviceKey: string, password: string): Uint8Array
  /** Throws if the bytes were not sealed with this key for this device. */
  open(deviceKey: string, sealed: Uint8Array): string
}

const IV_BYTES = 12
const TAG_BYTES = 16

/** The key: 32 bytes as 64 hexadecimal characters. */
export function createSeal(keyHex: string): Seal {
  const key = Buffer.from(keyHex, 'hex')
  return {
    close: (deviceKey, password) => {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(deviceKey))
      const body = Buffer.concat([cipher.update(password, 'utf8'), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), body])
    },
    open: (deviceKey, sealed) => {
      const bytes = Buffer.from(sealed)
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES))
        .setAAD(Buffer.from(deviceKey))
        .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
      return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8')
    },
  }
}
