import { createHmac } from 'node:crypto'

import { constantTimeEqual } from './constant-time-equal.ts'

const NONCE = /^([0-9a-z]{1,11})\.([0-9a-f]{16,64})\.([0-9a-f]{32})$/

/**
 * A nonce any replica can check on any connection: its time, randomness, and an HMAC over both. There are
 * CPE that answer a 401 on a new connection, and balancers that send it to another replica. The price is that
 * one can be replayed until it is stale, so the age is short and TLS is what guards a session (TR-069 3.4.5).
 * @param now milliseconds since the epoch
 * @param random 8 to 32 fresh random bytes
 */
export function issueNonce(secret: string | Uint8Array, now: number, random: Uint8Array): string {
  const time = Math.floor(now).toString(36)
  const salt = Buffer.from(random).toString('hex')
  return `${time}.${salt}.${seal(secret, time, salt)}`
}

/** `stale`: ours but older than maxAgeMs (answer with stale=true); `foreign`: not made with this secret. */
export function checkNonce(
  secret: string | Uint8Array,
  nonce: string,
  now: number,
  maxAgeMs: number,
): 'good' | 'stale' | 'foreign' {
  const [, time = '', salt = '', mark = ''] = NONCE.exec(nonce) ?? []
  if (mark === '' || !constantTimeEqual(mark, seal(secret, time, salt))) return 'foreign'
  // A nonce from the future is one of a replica whose clock is ahead: it only lives that much longer.
  return now - parseInt(time, 36) > maxAgeMs ? 'stale' : 'good'
}

function seal(secret: string | Uint8Array, time: string, salt: string): string {
  return createHmac('sha256', secret).update(`digest-nonce.${time}.${salt}`).digest('hex').slice(0, 32)
}
