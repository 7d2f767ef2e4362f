import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** Texts at rest: AES-256-GCM, each bound to what it belongs to. */
export interface SealedBox {
  /** `owner` is what it belongs to, so that no sealed text can stand elsewhere. */
  close(owner: string, text: string): Uint8Array
  /** Throws if the bytes were not sealed with this key for this owner. */
  open(owner: string, sealed: Uint8Array): string
}

const IV_BYTES = 12
const TAG_BYTES = 16

/** The key: 32 bytes. */
export function createSealedBox(key: Uint8Array): SealedBox {
  return {
    close: (owner, text) => {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(owner))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), body])
    },
    open: (owner, sealed) => {
      const bytes = Buffer.from(sealed)
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES))
        .setAAD(Buffer.from(owner))
        .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
      return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8')
    },
  }
}
