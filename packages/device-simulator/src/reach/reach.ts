import { isTrue } from '../model/check-value.ts'
import type { Timers } from '../timers.ts'
import { createConnectionRequestServer, type ConnectionRequestParts } from './connection-request-server.ts'
import { createStunClient } from './stun-client.ts'
import { createUdpLine } from './udp-line.ts'
import { createUdpRequestCheck } from './udp-request.ts'
import { writeNotification } from './write-notification.ts'

/** How the ACS reaches the device, and the device the ACS outside of sessions. */
export interface Reach {
  /** Opens the ports this device has, and writes their addresses into its data model. */
  open(): Promise<void>
  /** The data model is another one, or the ACS wrote into it. */
  refresh(): Promise<void>
  /** The NAT in front of the device gives it another port; STUN finds out when it asks next. */
  rebind(): Promise<void>
  /** Sends a UDP Lightweight Notification (TR-069 Annex M). */
  notifyLightly(names: readonly string[]): Promise<void>
  close(): Promise<void>
}

export interface ReachParts extends ConnectionRequestParts {
  readonly timers: Timers
  /** A value that is not the ACS's doing. */
  readonly change: (name: string, value: string) => void
}

export function createReach(parts: ReachParts): Reach {
  const { cpe, timers, change } = parts
  const { settings } = cpe
  const server = settings.listens ? createConnectionRequestServer(parts) : undefined
  const isAuthentic = createUdpRequestCheck(cpe)
  let url: string | undefined
  let udp: Promise<void> | undefined
  let closed = false

  const hear = (message: Buffer): void => {
    // STUN begins with 0 or 1, a connection request with a letter (TR-069 G.2.1.4).
    if ((message[0] ?? 0) < 2) return stun.hear(message)
    if (!parts.awake()) return
    const authentic = isAuthentic(message)
    cpe.record({ what: 'connection_request', over: 'udp', status: authentic ? 200 : 0 })
    if (authentic) parts.requested()
  }
  const line = createUdpLine(settings.listenHost ?? '127.0.0.1', hear)

  const parameter = (name: string): string => `${cpe.model.root}.ManagementServer.${name}`

  const learn = (address: string, natDetected: boolean): void => {
    cpe.record({ what: 'binding_learnt', address, natDetected })
    change(parameter('NATDetected'), natDetected ? '1' : '0')
    change(parameter('UDPConnectionRequestAddress'), address)
  }
  const stun = createStunClient(cpe, timers, line, learn)

  const openUdp = (): Promise<void> => {
    udp ??= line.open()
    return udp
  }

  /** The address as the device sees it itself, until STUN tells of another. */
  const showUdp = (): void => {
    const host = settings.behindNat ? '192.168.1.10' : (settings.listenHost ?? '127.0.0.1')
    if (cpe.model.server('UDPConnectionRequestAddress') === '')
      cpe.model.server('UDPConnectionRequestAddress', `${host}:${line.port()}`)
  }

  const refresh = async (): Promise<void> => {
    if (closed) return
    if (url !== undefined) cpe.model.server('ConnectionRequestURL', url)
    if (settings.listens || isTrue(cpe.model.server('STUNEnable'))) {
      await openUdp()
      showUdp()
    }
    if (!closed) stun.refresh()
  }

  return {
    open: async () => {
      url ??= await server?.open()
      await refresh()
    },
    refresh,
    rebind: () => line.rebind(),
    notifyLightly: async (names) => {
      await openUdp()
      const host =
        cpe.model.server('UDPLightweightNotificationHost') || (URL.parse(cpe.model.server('URL'))?.hostname ?? '')
      line.send(writeNotification(cpe, host, names), host, Number(cpe.model.server('UDPLightweightNotificationPort')))
      cpe.record({ what: 'notified_lightly', names })
    },
    close: async () => {
      closed = true
      await server?.close()
      await udp
      await line.close()
    },
  }
}
