/**
 * A nonce any replica can check on any connection: its time and an HMAC over it.
 * @param now milliseconds since the epoch
 * @param random at least 8 fresh random bytes
 */
export function issueNonce(_secret: string | Uint8Array, _now: number, _random: Uint8Array): string {
  throw new Error('not yet')
}

/** `stale`: ours but older than maxAgeMs (answer with stale=true); `foreign`: not made with this secret. */
export function checkNonce(
  _secret: string | Uint8Array,
  _nonce: string,
  _now: number,
  _maxAgeMs: number,
): 'good' | 'stale' | 'foreign' {
  throw new Error('not yet')
}
