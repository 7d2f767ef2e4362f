import type { Socket } from 'node:net'
import type { SessionKey } from '@sluice/hot-store'

/** Sessions of CPE that return no cookie, by the TCP connection they informed on. */
export interface ConnectionSessions {
  find(socket: Socket): SessionKey | null
  bind(socket: Socket, key: SessionKey): void
}

/**
 * A connection that two devices informed on belongs to a proxy: what comes over it without a cookie could be anybody's,
 * so it names no session from then on.
 */
export function createConnectionSessions(): ConnectionSessions {
  const bound = new WeakMap<Socket, SessionKey | 'shared'>()
  return {
    find(socket) {
      const key = bound.get(socket)
      return key === undefined || key === 'shared' ? null : key
    },
    bind(socket, key) {
      const present = bound.get(socket)
      const isShared = present === 'shared' || (present !== undefined && present.deviceKey !== key.deviceKey)
      bound.set(socket, isShared ? 'shared' : key)
    },
  }
}
