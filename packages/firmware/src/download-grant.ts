import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { bytesToUlid, ulidToBytes } from './ulid-bytes.ts'

/**
 * The right of one attempt to fetch one image until a time, written so that a file server can check it without asking
 * anybody: `f/<token>/<file name>`. The resolver mints it, the file server reads it, both from here.
 *
 * token = base64url( version u8 | expiry u32 BE, seconds | attempt 16 | artifact 16 | campaign mark 8 | upgrade 16 | MAC 12 )
 *
 * 73 bytes, 98 characters: a Download URL may have 256 (TR-069 A.3.2.8), but there are CPE that keep it in 150 or 200.
 * So the token names the artifact and not its digest, which the store of images knows, and only a mark of the campaign.
 *
 * The MAC covers everything before it. 96 bits are fewer than the half of the hash that RFC 2104 5 advises, and more
 * than the 80 below which it never goes. They suffice because a guess can only be tried on a file server: at a million
 * requests a second half of them take 10^15 years, a hit is worth one download, and it ends with its key. What can be
 * tried elsewhere is the key alone, and that has 256 bits. Credentials follow from the same key and are stored nowhere.
 */
export interface DownloadGrant {
  /** `fw` and a ULID. */
  readonly attemptId: string
  /** `upg_` and a ULID; the trace of the upgrade follows from it. */
  readonly upgradeId: string
  /** Of the campaign's id, by `campaignMarkOf`. */
  readonly campaignMark: string
  /** `art_` and a ULID. */
  readonly artifactId: string
  /** Seconds since the epoch; the first second in which it holds no more. */
  readonly expiresAt: number
}

export interface MintedGrant {
  /** `f/<token>`, whole as it is; `/<file name>` may follow. No leading slash. */
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
const MARK_BYTES = 8
const BODY_BYTES = 1 + 4 + 16 + 16 + MARK_BYTES + 16
const MAC_BYTES = 12
const PASSWORD_BYTES = 16
const TOKEN_CHARACTERS = Math.ceil(((BODY_BYTES + MAC_BYTES) * 4) / 3)
/** Bytes a signing key needs at least. */
export const MIN_GRANT_KEY_BYTES = 32

/**
 * 16 hexadecimal digits by which a file server knows the campaigns that were stopped: the first 64 bits of the id's
 * SHA-256. Ids are ours, so nobody picks two with one mark; should chance do it (a million campaigns: less than 1 in 10^7), the
 * one is held up while the other is stopped.
 */
export function campaignMarkOf(campaignId: string): string {
  return createHash('sha256')
    .update(campaignId)
    .digest('hex')
    .slice(0, MARK_BYTES * 2)
}

/**
 * Writes a grant. Ids that are not what the shape says are a mistake of the caller: RangeError.
 */
export function mintGrant(grant: DownloadGrant, key: Uint8Array): MintedGrant {
  const body = Buffer.alloc(BODY_BYTES)
  body.writeUInt8(VERSION, 0)
  body.writeUInt32BE(grant.expiresAt, 1)
  body.set(idBytes('fw', grant.attemptId), 5)
  body.set(idBytes('art_', grant.artifactId), 21)
  body.set(markBytes(grant.campaignMark), 37)
  body.set(idBytes('upg_', grant.upgradeId), 45)
  const token = Buffer.concat([body, macOf(body, key)]).toString('base64url')
  return { path: `f/${token}`, username: grant.attemptId, password: passwordOf(body, key) }
}

/**
 * Reads a grant out of a path's token. The first of `keys` mints, the others are still believed (key rotation).
 *
 * @param now seconds since the epoch
 */
export function readGrant(token: string, keys: readonly Uint8Array[], now: number): ReadGrant {
  if (token.length !== TOKEN_CHARACTERS || !/^[A-Za-z0-9_-]+$/.test(token))
    return { kind: 'refused', code: 'malformed' }
  const bytes = Buffer.from(token, 'base64url')
  // Trailing bits that decode to nothing would give one grant many spellings.
  if (bytes.toString('base64url') !== token || bytes[0] !== VERSION) return { kind: 'refused', code: 'malformed' }
  const body = bytes.subarray(0, BODY_BYTES)
  const key = keys.find((candidate) => timingSafeEqual(macOf(body, candidate), bytes.subarray(BODY_BYTES)))
  if (key === undefined) return { kind: 'refused', code: 'forged' }
  const expiresAt = body.readUInt32BE(1)
  const grant: DownloadGrant = {
    attemptId: 'fw' + bytesToUlid(body.subarray(5, 21)),
    artifactId: 'art_' + bytesToUlid(body.subarray(21, 37)),
    campaignMark: body.subarray(37, 45).toString('hex'),
    upgradeId: 'upg_' + bytesToUlid(body.subarray(45, 61)),
    expiresAt,
  }
  if (now >= expiresAt) return { kind: 'expired', grant }
  return { kind: 'granted', grant, password: passwordOf(body, key) }
}

function macOf(body: Uint8Array, key: Uint8Array): Buffer {
  return purposed('sluice download token', body, key).subarray(0, MAC_BYTES)
}

/** 22 characters, 128 bits: what a CPE gets as Download Password for the user name that is the attempt's id. */
function passwordOf(body: Uint8Array, key: Uint8Array): string {
  return purposed('sluice download password', body, key).subarray(0, PASSWORD_BYTES).toString('base64url')
}

/** One key, two purposes: the purpose is part of what is authenticated, so neither answer helps to find the other. */
function purposed(purpose: string, body: Uint8Array, key: Uint8Array): Buffer {
  if (key.length < MIN_GRANT_KEY_BYTES) throw new RangeError(`a grant key has at least ${MIN_GRANT_KEY_BYTES} bytes`)
  return createHmac('sha256', key).update(`${purpose}\0`).update(body).digest()
}

function idBytes(prefix: string, id: string): Uint8Array {
  const bytes = id.startsWith(prefix) ? ulidToBytes(id.slice(prefix.length)) : null
  if (bytes === null) throw new RangeError(`not an id of the form ${prefix}<ULID>`)
  return bytes
}

function markBytes(campaignMark: string): Uint8Array {
  if (!/^[0-9a-f]{16}$/.test(campaignMark)) throw new RangeError('not the mark of a campaign')
  return Buffer.from(campaignMark, 'hex')
}
