import { createHmac } from 'node:crypto'
import { createEmbeddedBus, type EmbeddedBus, type Stop } from '@sluice/bus'
import {
  type DataOf,
  type Reach,
  answered,
  deviceNotified,
  deviceReach,
  deviceSignature,
  deviceWoken,
  refused,
} from '@sluice/contracts'
import { createIds, createLog, systemClock } from '@sluice/runtime'
import { openEmbedded, type Sql } from '@sluice/sql'
import { inMemory } from '@sluice/testbed'
import { type DeviceWakerSettings, createDeviceWaker } from '../device-waker.ts'

const usualSettings: DeviceWakerSettings = {
  cpeNetworks: '',
  ownNetworks: '',
  labNetworks: '127.0.0.0/8',
  cpePorts: '1-65535',
  perSecond: 1_000,
  perDeviceMs: 1_000,
  maxQueued: 100,
  maxRunning: 50,
  busyTries: 3,
  unreachableTries: 1,
  firstRetryMs: 100,
  longestRetryMs: 200,
  httpDeadlineMs: 5_000,
  allowBasic: true,
  stun: { host: '127.0.0.1', port: 0, publicAddress: null, maxBindings: 100, perSourcePerSecond: 1_000 },
  xmpp: null,
  notifications: { host: '127.0.0.1', port: 0, perSourcePerSecond: 1_000 },
}

export type Woken = DataOf<typeof deviceWoken>['items'][number]
export type Notified = DataOf<typeof deviceNotified>['items'][number]

const log = createLog({ service: 'test', level: 'silent' })

/** An embedded bus and its database, which a waker may share: once for a file of tests. */
export async function openHub(): Promise<{ readonly sql: Sql; readonly hub: EmbeddedBus; close(): Promise<void> }> {
  const sql = await openEmbedded(inMemory())
  const hub = await createEmbeddedBus({ sql, clock: systemClock, log })
  const close = async () => {
    await hub.close()
    await sql.close()
  }
  return { sql, hub, close }
}

/** A waker on the embedded bus, with a registry made of what a test says it knows. */
export async function startWaker(
  { sql, hub }: { readonly sql: Sql; readonly hub: EmbeddedBus },
  more: Partial<DeviceWakerSettings>,
  closing: (() => Promise<unknown>)[],
) {
  const stops: Promise<Stop>[] = []
  const reaches = new Map<string, Partial<Reach>>()
  const passwords = new Map<string, { readonly username: string; readonly password: string }>()
  const registry = hub.as('device-registry')
  stops.push(
    registry.serve(deviceReach, async (batch) =>
      batch.map(({ input: { deviceKey } }) => {
        const known = reaches.get(deviceKey)
        return known === undefined
          ? refused('not_found', 'no such device')
          : answered({ ...nothingKnown, ...known, deviceKey })
      }),
    ),
  )
  stops.push(
    registry.serve(deviceSignature, async (batch) =>
      batch.map(({ input }) => {
        const known = passwords.get(input.deviceKey)
        if (known === undefined) return answered({ kind: 'unknown' as const })
        const expected = createHmac('sha1', known.password).update(Buffer.from(input.body, 'base64')).digest('hex')
        const isValid = expected === input.signature && known.username === input.username
        return answered({ kind: isValid ? ('valid' as const) : ('invalid' as const) })
      }),
    ),
  )
  const notified: Notified[] = []
  stops.push(
    registry.consume(deviceNotified, async (batch) => void notified.push(...batch.flatMap(({ data }) => data.items))),
  )
  const woken: Woken[] = []
  const asker = hub.as('device-tasks')
  stops.push(asker.listen(deviceWoken, ({ data }) => void woken.push(...data.items)))
  await Promise.all(stops)

  const waker = createDeviceWaker(
    { sql, bus: hub.as('device-waker'), clock: systemClock, ids: createIds(), log },
    { ...usualSettings, ...more },
  )
  const { stunPort, notificationPort } = await waker.start()
  /** The waker and its registry; others may be started afterwards. */
  const stop = async () => {
    await waker.stop()
    for (const one of stops.splice(0)) await (await one)()
  }
  closing.push(stop)
  return { asker, reaches, passwords, woken, notified, stop, stunPort: stunPort!, notificationPort: notificationPort! }
}

const nothingKnown = {
  connectionRequestUrl: null,
  udpConnectionRequestAddress: null,
  natDetected: null,
  jabberId: null,
  username: null,
  password: null,
}
