import { networkInterfaces } from 'node:os'
import { answered, deviceWake, deviceWoken } from '@sluice/contracts'
import type { Bus, Stop } from '@sluice/bus'
import { type Check, type Clock, type Ids, type Log, parseNetworks } from '@sluice/runtime'
import { migrate, type Sql } from '@sluice/sql'
import { createCpeGuard, plainAddress } from './guard/cpe-guard.ts'
import { parsePorts } from './guard/ports.ts'
import { type Resolve, systemResolve } from './guard/resolve-target.ts'
import { createNotificationServer, type NotificationSettings } from './notification/notification-server.ts'
import { LOG, METRICS, watchQueue } from './observability.ts'
import { migrations, SCHEMA } from './store/migrations.ts'
import { createPasswordFinder } from './stun/known-passwords.ts'
import { createStunServer, type StunSettings } from './stun/stun-server.ts'
import { createWakeQueue, type Tried, type WakeQueueSettings } from './wake/wake-queue.ts'
import { wakeDevice, type WakeSettings } from './wake/wake-device.ts'
import { createXmppRequests, type XmppSettings } from './xmpp/xmpp-requests.ts'

export interface DeviceWakerParts {
  readonly sql: Sql
  readonly bus: Bus
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  /** How names become addresses; the system's resolver unless told. */
  readonly resolve?: Resolve
}

export interface DeviceWakerSettings extends WakeQueueSettings, WakeSettings {
  /** CIDR list; empty: every global unicast address. */
  readonly cpeNetworks: string
  readonly labNetworks: string
  /** Never connected to, even inside `cpeNetworks`. */
  readonly ownNetworks: string
  /** Ports a device may be asked on: `80,1024-65535`. */
  readonly cpePorts: string
  /** Null: no STUN server and no UDP connection requests. */
  readonly stun: StunSettings | null
  readonly xmpp: XmppSettings | null
  /** Null: no UDP lightweight notifications are taken. */
  readonly notifications: NotificationSettings | null
}

export interface DeviceWaker {
  /** Migrates its schema, then listens and answers. Ports are null where nothing listens. */
  start(): Promise<{ readonly stunPort: number | null; readonly notificationPort: number | null }>
  /** Forgets who waits, and ends the requests under way. */
  stop(): Promise<void>
  readonly checks: Readonly<Record<string, Check>>
}

/** Connection requests (TR-069 3.2.2, Annexes G and K) and UDP lightweight notifications (Annex M). */
export function createDeviceWaker(parts: DeviceWakerParts, settings: DeviceWakerSettings): DeviceWaker {
  const { sql, bus, clock, log } = parts
  const resolve = parts.resolve ?? systemResolve
  const guard = guardOf(settings)
  const stun =
    settings.stun &&
    createStunServer({ guard, resolve, clock, log, findPassword: createPasswordFinder(parts) }, settings.stun)
  const xmpp = settings.xmpp && createXmppRequests(parts, settings.xmpp)
  const notifications = settings.notifications && createNotificationServer({ ...parts, guard }, settings.notifications)

  const tell = (deviceKey: string, { outcome, by }: Tried, attempts: number): void => {
    METRICS.woken.add(1, { outcome })
    const item = { deviceKey, outcome, by, attempts, at: new Date(clock.now()).toISOString() }
    bus.announce(deviceWoken, [{ id: parts.ids.event(), key: deviceKey, data: { items: [item] } }])
  }
  const wake = async (deviceKey: string): Promise<Tried> => {
    try {
      return await wakeDevice(deviceKey, { bus, clock, guard, resolve, stun, xmpp }, settings)
    } catch (error) {
      log.error({ err: error, device_key: deviceKey }, LOG.wakeFailed)
      return { outcome: 'unreachable', by: null }
    }
  }
  const queue = createWakeQueue({ clock, wake, tell }, settings)
  let stops: Stop[] = []

  return {
    async start() {
      await migrate(sql, { schema: SCHEMA, migrations })
      const stunPort = stun && (await stun.start())
      const notificationPort = notifications && (await notifications.start())
      xmpp?.start()
      stops = [
        await bus.serve(deviceWake, async (batch) =>
          batch.map(({ input }) => {
            const kind = queue.add(input.deviceKey)
            if (kind === 'overloaded') METRICS.overloaded.add(1)
            return answered({ kind })
          }),
        ),
      ]
      const unwatch = watchQueue(queue.size)
      stops.push(async () => unwatch())
      return { stunPort, notificationPort }
    },
    async stop() {
      await Promise.all(stops.map((stop) => stop()))
      await queue.stop()
      await Promise.all([stun?.stop(), xmpp?.stop(), notifications?.stop()])
    },
    checks: { postgres: () => sql.status() === 'up', bus: () => bus.status() === 'up' },
  }
}

function guardOf(settings: DeviceWakerSettings) {
  const addresses = Object.values(networkInterfaces()).flatMap(
    (all) => all?.map(({ address }) => plainAddress(address)) ?? [],
  )
  return createCpeGuard({
    cpeNetworks: parseNetworks(settings.cpeNetworks),
    cpeNetworksAreNamed: settings.cpeNetworks.trim() !== '',
    labNetworks: parseNetworks(settings.labNetworks),
    ownNetworks: parseNetworks(settings.ownNetworks),
    ownAddresses: new Set(addresses.filter((address) => address !== null)),
    ports: parsePorts(settings.cpePorts),
  })
}
