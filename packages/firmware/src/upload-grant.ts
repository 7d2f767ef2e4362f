import { createHmac, timingSafeEqual } from 'node:crypto'
import { MIN_GRANT_KEY_BYTES } from './download-grant.ts'

/**
 * The right to put one file in one place until a time: `u/<uploadId>/<token>`. The file server checks it without
 * asking anybody, as it does download grants, and with the same key for a purpose of its own.
 *
 * token = base64url( version u8 | expiry u32 BE, seconds | MAC 16 ), the MAC over the id and everything before it.
 */
export interface UploadRight {
  /** `tsk_` or `bk`, and a ULID. */
  readonly uploadId: string
  /** Seconds since the epoch; the first second in which it holds no more. */
  readonly expiresAt: number
}

export interface MintedUpload {
  /** `u/<uploadId>/<token>`, to be followed by `/<file name>`; no leading slash. */
  readonly path: string
  readonly username: string
  readonly password: string
}

export type ReadUpload =
  | { readonly kind: 'granted'; readonly right: UploadRight; readonly password: string }
  | { readonly kind: 'refused'; readonly code: 'malformed' | 'forged' | 'expired' }

const VERSION = 1
const BODY_BYTES = 1 + 4
const MAC_BYTES = 16
const UPLOAD_ID = /^(?:tsk_|bk)[0-7][0-9A-HJKMNP-TV-Z]{25}$/

/** Writes a grant. An id that is none is a mistake of the caller: RangeError. */
export function mintUpload({ uploadId, expiresAt }: UploadRight, key: Uint8Array): MintedUpload {
  if (!UPLOAD_ID.test(uploadId)) throw new RangeError('not the id of an upload')
  const body = Buffer.alloc(BODY_BYTES)
  body.writeUInt8(VERSION, 0)
  body.writeUInt32BE(expiresAt, 1)
  const token = Buffer.concat([body, purposed('token', uploadId, body, key)]).toString('base64url')
  return { path: `u/${uploadId}/${token}`, username: uploadId, password: passwordOf(uploadId, body, key) }
}

/**
 * Reads a grant out of a path's two parts. The first of `keys` mints, the others are still believed.
 *
 * @param now seconds since the epoch
 */
export function readUpload(uploadId: string, token: string, keys: readonly Uint8Array[], now: number): ReadUpload {
  const bytes = Buffer.from(token, 'base64url')
  const isWhole = bytes.length === BODY_BYTES + MAC_BYTES && bytes.toString('base64url') === token
  if (!UPLOAD_ID.test(uploadId) || !isWhole || bytes[0] !== VERSION) return { kind: 'refused', code: 'malformed' }
  const body = bytes.subarray(0, BODY_BYTES)
  const mac = bytes.subarray(BODY_BYTES)
  const key = keys.find((candidate) => timingSafeEqual(purposed('token', uploadId, body, candidate), mac))
  if (key === undefined) return { kind: 'refused', code: 'forged' }
  const expiresAt = body.readUInt32BE(1)
  if (now >= expiresAt) return { kind: 'refused', code: 'expired' }
  return { kind: 'granted', right: { uploadId, expiresAt }, password: passwordOf(uploadId, body, key) }
}

function passwordOf(uploadId: string, body: Uint8Array, key: Uint8Array): string {
  return purposed('password', uploadId, body, key).toString('base64url')
}

function purposed(purpose: 'token' | 'password', uploadId: string, body: Uint8Array, key: Uint8Array): Buffer {
  if (key.length < MIN_GRANT_KEY_BYTES) throw new RangeError(`a grant key has at least ${MIN_GRANT_KEY_BYTES} bytes`)
  return createHmac('sha256', key)
    .update(`sluice upload ${purpose}\0${uploadId}\0`)
    .update(body)
    .digest()
    .subarray(0, MAC_BYTES)
}
