import type { Clock } from '@sluice/runtime'
import type { UdpAddress } from './stun-address.ts'

/** Signed Binding Requests that have proved something: none of them proves it for another place. */
export interface UsedProofs {
  /** False: this very request came from somewhere else before. A CPE that repeats itself comes from the same place. */
  use(deviceKey: string, transactionId: Uint8Array, from: UdpAddress): boolean
}

/** Remembers them for `ms`, and the last `max` at most. What a CPE signs has no time in it (RFC 3489 9.1). */
export function createUsedProofs(clock: Clock, ms: number, max: number): UsedProofs {
  const used = new Map<string, { readonly at: number; readonly place: string }>()
  return {
    use(deviceKey, transactionId, { address, port }) {
      const key = `${deviceKey} ${Buffer.from(transactionId).toString('latin1')}`
      const place = `${address} ${port}`
      const known = used.get(key)
      const now = clock.now()
      if (known !== undefined && known.at > now - ms) return known.place === place
      used.delete(key)
      used.set(key, { at: now, place })
      if (used.size > max) used.delete(used.keys().next().value!)
      return true
    },
  }
}
