import { createHmac, timingSafeEqual } from 'node:crypto'
import { bytesToUlid, ulidToBytes } from './ulid-bytes.ts'

/**
 * The right of one attempt to fetch one image until a time, written so that a file server can check it without asking
 * anybody: `f/<attemptId>/<token>/<file name>`. The resolver mints it, the file server reads it, both from here.
 *
 * token = base64url( version u8 | expiry u32 BE, seconds | upgrade 16 | campaign 16 | artifact 16 | SHA-256 32 | MAC 16 )
 *
 * The MAC covers the attempt id and everything before it. With a 24-character file name the path has 191 characters;
 * a Download URL has at most 256 (TR-069 A.3.2.8). Credentials follow from the same key and are stored nowhere.
 */
export interface DownloadGrant {
  /** `fw` and a ULID. */
  readonly attemptId: string
  /** `upg_` and a ULID; the trace of the upgrade follows from it. */
  readonly upgradeId: string
  /** `cmp_` and a ULID. */
  readonly campaignId: string
  /** `art_` and a ULID. */
  readonly artifactId: string
  /** 64 hexadecimal digits. */
  readonly sha256: string
  /** Seconds since the epoch; the first second in which it holds no more. */
  readonly expiresAt: number
}

export interface MintedGrant {
  /** `f/<attemptId>/<token>`, to be followed by `/<file name>`; no leading slash. */
  readonly path: string
  readonly username: string
  readonly password: string
}

export type ReadGrant =
  | { readonly kind: 'granted'; readonly grant: DownloadGrant; readonly password: string }
  /** Genuine, but of the past. */
  | { readonly kind: 'expired'; readonly grant: DownloadGrant }
  | { readonly kind: 'refused'; readonly code: 'malformed' | 'forged' }

const VERSION = 1
const BODY_BYTES = 1 + 4 + 16 + 16 + 16 + 32
const MAC_BYTES = 16
const TOKEN_CHARACTERS = Math.ceil(((BODY_BYTES + MAC_BYTES) * 4) / 3)
/** Bytes a signing key needs at least. */
export const MIN_GRANT_KEY_BYTES = 32

/**
 * Writes a grant. Ids that are not what the shape says are a mistake of the caller: RangeError.
 */
export function mintGrant(grant: DownloadGrant, key: Uint8Array): MintedGrant {
  const body = Buffer.alloc(BODY_BYTES)
  body.writeUInt8(VERSION, 0)
  body.writeUInt32BE(grant.expiresAt, 1)
  body.set(idBytes('upg_', grant.upgradeId), 5)
  body.set(idBytes('cmp_', grant.campaignId), 21)
  body.set(idBytes('art_', grant.artifactId), 37)
  body.set(digestBytes(grant.sha256), 53)
  idBytes('fw', grant.attemptId)
  const token = Buffer.concat([body, macOf(grant.attemptId, body, key)]).toString('base64url')
  return {
    path: `f/${grant.attemptId}/${token}`,
    username: grant.attemptId,
    password: passwordOf(grant.attemptId, body, key),
  }
}

/**
 * Reads a grant out of a path's two parts. The first of `keys` mints, the others are still believed (key rotation).
 *
 * @param now seconds since the epoch
 */
export function readGrant(attemptId: string, token: string, keys: readonly Uint8Array[], now: number): ReadGrant {
  if (token.length !== TOKEN_CHARACTERS || !/^[A-Za-z0-9_-]+$/.test(token))
    return { kind: 'refused', code: 'malformed' }
  if (!/^fw[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(attemptId)) return { kind: 'refused', code: 'malformed' }
  const bytes = Buffer.from(token, 'base64url')
  // Trailing bits that decode to nothing would give one grant many spellings.
  if (bytes.toString('base64url') !== token || bytes[0] !== VERSION) return { kind: 'refused', code: 'malformed' }
  const body = bytes.subarray(0, BODY_BYTES)
  const key = keys.find((candidate) => timingSafeEqual(macOf(attemptId, body, candidate), bytes.subarray(BODY_BYTES)))
  if (key === undefined) return { kind: 'refused', code: 'forged' }
  const expiresAt = body.readUInt32BE(1)
  const grant: DownloadGrant = {
    attemptId,
    upgradeId: 'upg_' + bytesToUlid(body.subarray(5, 21)),
    campaignId: 'cmp_' + bytesToUlid(body.subarray(21, 37)),
    artifactId: 'art_' + bytesToUlid(body.subarray(37, 53)),
    sha256: body.subarray(53, 85).toString('hex'),
    expiresAt,
  }
  if (now >= expiresAt) return { kind: 'expired', grant }
  return { kind: 'granted', grant, password: passwordOf(attemptId, body, key) }
}

function macOf(attemptId: string, body: Uint8Array, key: Uint8Array): Buffer {
  return purposed('sluice download token', attemptId, body, key).subarray(0, MAC_BYTES)
}

/** 22 characters, 128 bits: what a CPE gets as Download Password for the user name `attemptId`. */
function passwordOf(attemptId: string, body: Uint8Array, key: Uint8Array): string {
  return purposed('sluice download password', attemptId, body, key).subarray(0, MAC_BYTES).toString('base64url')
}

/** One key, two purposes: the purpose is part of what is authenticated, so neither answer helps to find the other. */
function purposed(purpose: string, attemptId: string, body: Uint8Array, key: Uint8Array): Buffer {
  if (key.length < MIN_GRANT_KEY_BYTES) throw new RangeError(`a grant key has at least ${MIN_GRANT_KEY_BYTES} bytes`)
  return createHmac('sha256', key).update(`${purpose}\0${attemptId}\0`).update(body).digest()
}

function idBytes(prefix: string, id: string): Uint8Array {
  const bytes = id.startsWith(prefix) ? ulidToBytes(id.slice(prefix.length)) : null
  if (bytes === null) throw new RangeError(`not an id of the form ${prefix}<ULID>`)
  return bytes
}

function digestBytes(sha256: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new RangeError('not a SHA-256 in hexadecimal')
  return Buffer.from(sha256, 'hex')
}
