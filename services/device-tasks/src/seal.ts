import { hkdfSync } from 'node:crypto'
import { createSealedBox } from '@sluice/runtime'

/** Calls and results at rest. */
export interface Seal {
  /** `owner` is the id of the row and the name of the column, so that no sealed value can stand elsewhere. */
  close(owner: string, value: unknown): Uint8Array
  /** Throws if the bytes were not sealed with this key for this owner. */
  open<T>(owner: string, sealed: Uint8Array): T
}

/**
 * The key: 32 bytes as 64 hexadecimal characters. Other services seal with the same one, so a key of our own is derived
 * from it (RFC 5869): nonces are counted for each of them alone.
 */
export function createSeal(keyHex: string): Seal {
  const key = Buffer.from(hkdfSync('sha256', Buffer.from(keyHex, 'hex'), '', 'sluice device-tasks', 32))
  const box = createSealedBox(key)
  return {
    close: (owner, value) => box.close(owner, JSON.stringify(value)),
    open: (owner, sealed) => JSON.parse(box.open(owner, sealed)),
  }
}
