import { createPublicKey, type KeyObject } from 'node:crypto'
import { exactBase64, numberOf, readCommented } from './numbered-signature.ts'

const KEY_AT = 10
const KEY_BYTES = 32
/** SubjectPublicKeyInfo of Ed25519 before the 32 bytes of the key (RFC 8410 4). */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex')

/**
 * Reads a public key as minisign, signify and usign write it: their file, or its second line alone. Null: another text.
 */
export function readMinisignKey(text: string): { readonly key: KeyObject; readonly keyNumber: string } | null {
  const bytes = exactBase64(readCommented(text) ?? text)
  if (bytes?.length !== KEY_AT + KEY_BYTES || bytes.toString('latin1', 0, 2) !== 'Ed') return null
  const spki = Buffer.concat([SPKI_HEAD, bytes.subarray(KEY_AT)])
  return { key: createPublicKey({ key: spki, format: 'der', type: 'spki' }), keyNumber: numberOf(bytes) }
}
