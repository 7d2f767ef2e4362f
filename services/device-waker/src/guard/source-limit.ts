import type { Clock } from '@sluice/runtime'

export interface SourceLimit {
  /** Whether one more datagram of this address is looked at. */
  takes(address: string): boolean
}

const MAX_SOURCES = 65_536

/** So many a second from each address, with as many saved up. What is forgotten of the quietest addresses is to their favour. */
export function createSourceLimit(perSecond: number, clock: Clock): SourceLimit {
  const sources = new Map<string, { tokens: number; at: number }>()
  return {
    takes(address) {
      const now = clock.now()
      const known = sources.get(address) ?? { tokens: perSecond, at: now }
      const tokens = Math.min(perSecond, known.tokens + (Math.max(0, now - known.at) * perSecond) / 1_000)
      sources.delete(address)
      sources.set(address, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now })
      if (sources.size > MAX_SOURCES) sources.delete(sources.keys().next().value!)
      return tokens >= 1
    },
  }
}
