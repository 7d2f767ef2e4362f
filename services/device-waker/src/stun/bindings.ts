import type { Clock } from '@sluice/runtime'
import type { UdpAddress } from './stun-address.ts'

export interface Binding extends UdpAddress {
  /** When the device last proved who it is there; epoch ms. */
  readonly provenAt: number
  /** When a Binding Request last came from there. */
  readonly seenAt: number
}

/** Where devices listen for UDP connection requests, as our own STUN server saw it (TR-069 G.2.2.2.1). */
export interface Bindings {
  prove(deviceKey: string, from: UdpAddress): void
  /** Whether the device proved lately that it is there; if so, that it was seen again. */
  sees(deviceKey: string, from: UdpAddress): boolean
  /** The binding that was seen within the last hour. */
  of(deviceKey: string): UdpAddress | null
  size(): number
}

const PROOF_MS = 6 * 3_600_000
const SEEN_MS = 3_600_000

/** Memory, at most `max` devices, who was seen longest ago goes first. Lost at a restart: then devices are asked to prove it again. */
export function createBindings(clock: Clock, max: number): Bindings {
  const bindings = new Map<string, Binding>()
  const put = (deviceKey: string, binding: Binding): void => {
    bindings.delete(deviceKey)
    bindings.set(deviceKey, binding)
    if (bindings.size > max) bindings.delete(bindings.keys().next().value!)
  }
  return {
    prove(deviceKey, { address, port }) {
      const now = clock.now()
      put(deviceKey, { address, port, provenAt: now, seenAt: now })
    },
    sees(deviceKey, from) {
      const known = bindings.get(deviceKey)
      const now = clock.now()
      if (known === undefined || known.address !== from.address || known.port !== from.port) return false
      if (known.provenAt <= now - PROOF_MS) return false
      put(deviceKey, { ...known, seenAt: now })
      return true
    },
    of(deviceKey) {
      const known = bindings.get(deviceKey)
      if (known === undefined || known.seenAt <= clock.now() - SEEN_MS) return null
      return { address: known.address, port: known.port }
    },
    size: () => bindings.size,
  }
}
