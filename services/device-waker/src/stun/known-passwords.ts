import { deviceReach } from '@sluice/contracts'
import type { Bus } from '@sluice/bus'
import type { Clock } from '@sluice/runtime'

/**
 * The password a device's STUN requests are signed with: by our convention that of its connection requests. `fresh`: as
 * the registry says now, or a moment ago, for where it may just have been replaced.
 */
export type FindPassword = (deviceKey: string, as?: 'usual' | 'fresh') => Promise<string | null>

const KEPT_MS = 60_000
/** Wrong signatures make us ask no more often than this about one device. */
const FRESH_MS = 1_000
const MAX_KEPT = 10_000
const MAX_ASKING = 64

/** Asks the registry, remembers the answer for a minute, and asks no more than so much at once: a flood of names costs nothing. */
export function createPasswordFinder(parts: { readonly bus: Bus; readonly clock: Clock }): FindPassword {
  const kept = new Map<string, { readonly password: string | null; readonly at: number }>()
  let asking = 0
  return async (deviceKey, as = 'usual') => {
    const known = kept.get(deviceKey)
    const keptMs = as === 'fresh' ? FRESH_MS : KEPT_MS
    if (known !== undefined && known.at > parts.clock.now() - keptMs) return known.password
    if (asking >= MAX_ASKING) return null
    asking += 1
    try {
      const reply = await parts.bus.request(deviceReach, { deviceKey })
      const password = reply.ok ? reply.data.password : null
      kept.delete(deviceKey)
      kept.set(deviceKey, { password, at: parts.clock.now() })
      if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value!)
      return password
    } finally {
      asking -= 1
    }
  }
}
