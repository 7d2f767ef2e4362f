import type { PublicKey } from './public-key.ts'

/** A signature that names its key by a number, as signify, usign and minisign write it (signify.c: `struct sig`). */
export interface NumberedSignature {
  /** `Ed`: over the message; `ED`: over its BLAKE2b-512 hash (minisign). */
  readonly algorithm: 'Ed' | 'ED'
  /** 16 hexadecimal digits. It was chosen at random with the key and proves nothing. */
  readonly keyNumber: string
  readonly signature: Buffer
}

const NUMBER_AT = 2
const SIGNATURE_AT = NUMBER_AT + 8
const SIGNATURE_BYTES = 64

/** Algorithm, number of the key and signature, in base64. Null: that is not it. */
export function readNumberedSignature(base64: string): NumberedSignature | null {
  const bytes = exactBase64(base64)
  if (bytes?.length !== SIGNATURE_AT + SIGNATURE_BYTES) return null
  const algorithm = bytes.toString('latin1', 0, NUMBER_AT)
  if (algorithm !== 'Ed' && algorithm !== 'ED') return null
  return { algorithm, keyNumber: numberOf(bytes), signature: bytes.subarray(SIGNATURE_AT) }
}

/** The number after the two letters of the algorithm, in a key as in a signature. */
export function numberOf(bytes: Buffer): string {
  return bytes.toString('hex', NUMBER_AT, SIGNATURE_AT)
}

/** A key that was given without a number (as PEM) may be the one: the signature decides. */
export function keysNumbered(keys: readonly PublicKey[], keyNumber: string): PublicKey[] {
  return keys.filter((key) => key.family === 'ed25519' && (key.keyNumber ?? keyNumber) === keyNumber)
}

/** A comment nobody signed, then base64: two lines, the second with or without its end. Null: another text. */
export function readCommented(text: string): string | null {
  return /^untrusted comment: [^\r\n]{0,1024}\n([A-Za-z0-9+/]+={0,2})\n?$/.exec(text)?.[1] ?? null
}

/** Null where the text is not base64 in its one spelling: no bit of it is without meaning. */
export function exactBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : null
}
