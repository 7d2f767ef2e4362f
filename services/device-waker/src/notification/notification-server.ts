import { createSocket, type RemoteInfo } from 'node:dgram'
import { deviceKeyOf, deviceNotified, deviceSignature, shardOf } from '@sluice/contracts'
import type { Bus } from '@sluice/bus'
import { type Batcher, type Clock, createBatcher, type Ids, type Log } from '@sluice/runtime'
import type { Sql } from '@sluice/sql'
import type { CpeGuard } from '../guard/cpe-guard.ts'
import { createSourceLimit } from '../guard/source-limit.ts'
import { LOG, METRICS } from '../observability.ts'
import { takeNotification } from '../store/take-notification.ts'
import { bindUdp, closeUdp } from '../udp-socket.ts'
import { parseNotification, type SignedNotification } from './parse-notification.ts'

export interface NotificationSettings {
  readonly host: string
  /** 0 takes any free one. */
  readonly port: number
  readonly perSourcePerSecond: number
}

export interface NotificationParts {
  readonly sql: Sql
  readonly bus: Bus
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly guard: CpeGuard
}

export interface NotificationServer {
  /** Resolves to the port. */
  start(): Promise<number>
  stop(): Promise<void>
}

const CHECKING_AT_ONCE = 256
const GATHER_MS = 20
const MAX_BATCH = 64
const MAX_WAITING = 10_000
const PARAMETERS_PER_ITEM = 32
/** A clock that runs ahead must not lock its device out once it is set right. */
const MAX_AHEAD_MS = 24 * 3_600_000

/**
 * Takes UDP lightweight notifications (TR-069 Annex M): well-formed, signed by the device, not older than the last and
 * not told before. What is none of it is dropped and counted: nobody is answered. It is published after the commit that
 * marks it as told; where the bus is away then it is lost, as a datagram may be (M.1).
 */
export function createNotificationServer(parts: NotificationParts, settings: NotificationSettings): NotificationServer {
  const { bus, clock, guard, ids, log, sql } = parts
  const socket = createSocket(settings.host.includes(':') ? 'udp6' : 'udp4')
  const limit = createSourceLimit(settings.perSourcePerSecond, clock)
  const underWay = new Set<Promise<void>>()
  const recording: Batcher<Known, boolean> = createBatcher({
    maxItems: MAX_BATCH,
    waitMs: GATHER_MS,
    maxPending: MAX_WAITING,
    clock,
    run: (batch) => record(batch, sql),
  })

  const take = async (datagram: Buffer, from: RemoteInfo): Promise<string> => {
    if (!guard.allowsAddress(from.address)) return 'refused_source'
    if (!limit.takes(from.address) || underWay.size > CHECKING_AT_ONCE) return 'overloaded'
    const parsed = parseNotification(datagram)
    if (parsed.kind === 'malformed') return 'malformed'
    const known = { ...parsed.signed, deviceKey: deviceKeyOf(parsed.signed.notification.device) }
    if (known.notification.timestamp * 1_000 > clock.now() + MAX_AHEAD_MS) return 'ahead_of_time'
    const verdict = await checkSignature(known, bus)
    if (verdict !== 'valid') return verdict
    if (!(await recording.add(known))) return 'replayed'
    await publish(known)
    return 'notified'
  }
  const publish = async ({ deviceKey, notification: { parameters } }: Known): Promise<void> => {
    const at = new Date(clock.now()).toISOString()
    const items = []
    for (let from = 0; from < parameters.length; from += PARAMETERS_PER_ITEM)
      items.push({ deviceKey, at, parameters: parameters.slice(from, from + PARAMETERS_PER_ITEM) })
    await bus.publish(deviceNotified, [{ id: ids.event(), key: shardOf(deviceKey), data: { items } }])
  }

  socket.on('message', (datagram, from) => {
    const run = take(datagram, from)
      .catch((error: unknown) => (log.warn({ err: error }, LOG.notificationsFailed), 'failed'))
      .then((outcome) => METRICS.notifications.add(1, { outcome }))
    underWay.add(run)
    void run.finally(() => underWay.delete(run))
  })
  socket.on('error', (error) => log.warn({ err: error }, LOG.notificationsFailed))

  return {
    async start() {
      const port = await bindUdp(socket, settings.host, settings.port)
      log.info({ host: settings.host, port }, LOG.notificationsListening)
      return port
    },
    async stop() {
      await closeUdp(socket)
      await recording.stop()
      await Promise.all(underWay)
    },
  }
}

type Known = SignedNotification & { readonly deviceKey: string }

async function checkSignature(known: Known, bus: Bus): Promise<string> {
  const { deviceKey, notification, body, signature } = known
  const input = { deviceKey, username: notification.username, body: body.toString('base64'), signature }
  const reply = await bus.request(deviceSignature, input)
  return reply.ok ? reply.data.kind : 'cannot_tell'
}

/** In the order of devices, so that two replicas never wait for each other. */
async function record(batch: readonly Known[], sql: Sql): Promise<boolean[]> {
  const ordered = batch
    .map((known, index) => ({ known, index }))
    .toSorted((a, b) => (a.known.deviceKey < b.known.deviceKey ? -1 : 1))
  const taken: boolean[] = batch.map(() => false)
  await sql.transaction(async (tx) => {
    for (const { known, index } of ordered) {
      const { deviceKey, signature, notification } = known
      taken[index] = await takeNotification(tx, { deviceKey, timestamp: notification.timestamp, signature })
    }
  })
  return taken
}
