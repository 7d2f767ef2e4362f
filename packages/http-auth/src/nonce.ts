import type { KeyObject } from 'node:crypto'

import { constantTimeEqual } from './constant-time-equal.ts'
import { hmacSha256 } from './hmac.ts'

/** Shared by all replicas. A KeyObject spares the making of one for each nonce. */
export type NonceSecret = string | Uint8Array | KeyObject

export type NonceReading =
  | {
      readonly kind: 'good'
      /** Names it among all nonces of this secret, at most 64 characters of 0-9 and a-f. */
      readonly id: string
      /** For how long it will still be good here. */
      readonly leftMs: number
    }
  /** Ours but too old: answer with stale=true. */
  | { readonly kind: 'stale' }
  /** Not made with this secret. */
  | { readonly kind: 'foreign' }

const NONCE = /^([0-9a-z]{1,11})\.([0-9a-f]{16,64})\.([0-9a-f]{32})$/

/**
 * A nonce any replica can check on any connection: its time, randomness, and an HMAC over both. There are
 * CPE that answer a 401 on a new connection, and balancers that send it to another replica. That it is used
 * only once is for whoever keeps its `id` and the highest nc seen with it (TR-069 3.4.5, note).
 * @param now milliseconds since the epoch
 * @param random 8 to 32 fresh random bytes
 */
export function issueNonce(secret: NonceSecret, now: number, random: Uint8Array): string {
  const time = Math.floor(now).toString(36)
  const salt = Buffer.from(random).toString('hex')
  return `${time}.${salt}.${seal(secret, time, salt)}`
}

export function readNonce(secret: NonceSecret, nonce: string, now: number, maxAgeMs: number): NonceReading {
  const [, time = '', salt = '', mark = ''] = NONCE.exec(nonce) ?? []
  if (mark === '' || !constantTimeEqual(mark, seal(secret, time, salt))) return { kind: 'foreign' }
  // A nonce from the future is one of a replica whose clock is ahead: it only lives that much longer.
  const leftMs = parseInt(time, 36) + maxAgeMs - now
  return leftMs < 0 ? { kind: 'stale' } : { kind: 'good', id: salt, leftMs }
}

export function checkNonce(secret: NonceSecret, nonce: string, now: number, maxAgeMs: number): NonceReading['kind'] {
  return readNonce(secret, nonce, now, maxAgeMs).kind
}

function seal(secret: NonceSecret, time: string, salt: string): string {
  return hmacSha256(secret, `digest-nonce.${time}.${salt}`, 'hex').slice(0, 32)
}
