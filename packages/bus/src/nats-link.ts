import type { Clock, Log } from '@sluice/runtime'
import { type ConnectionOptions, type NatsConnection, type Status, connect } from 'nats'
import { BusError } from './bus-error.ts'
import { inboxOf } from './message-subject.ts'
import { natsOptions } from './nats-options.ts'

/** The connection, and what is known of it. */
export interface NatsLink {
  readonly connection: NatsConnection
  /** What subjects for answers begin with. */
  readonly inboxPrefix: string
  isUp(): boolean
  /** Resolves with true once it is up, with false after `ms` without. */
  whenUp(ms: number): Promise<boolean>
  /** Calls back at each reconnection; until the returned function is called. */
  onReconnect(run: () => void): () => void
  close(): Promise<void>
}

const RECONNECT_MS = 250

/**
 * Connects, and reconnects for ever: the client's own defaults give up after twenty seconds. Resolves with the
 * first connection, however long that takes.
 */
export async function openNatsLink(settings: {
  readonly servers: string
  readonly service: string
  readonly clock: Clock
  readonly log: Log
  /** Told once, when the client has given up for good: nothing in this process brings it back. */
  readonly onLost: (error: unknown) => void
}): Promise<NatsLink> {
  const { log, clock, onLost } = settings
  const options: ConnectionOptions = {
    ...natsOptions(settings.servers),
    name: settings.service,
    // A user of NATS hears its own answers alone.
    inboxPrefix: inboxOf(settings.service),
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: RECONNECT_MS,
    reconnectJitter: RECONNECT_MS,
    pingInterval: 20_000,
    maxPingOut: 2,
  }
  const connection = await firstConnection(options, settings)
  log.info({ server: connection.getServer() }, 'bus.nats.connected')
  let up = true
  let closing = false
  const waiters = new Set<() => void>()
  const watchers = new Set<() => void>()

  const follow = async (): Promise<void> => {
    for await (const status of connection.status()) {
      const { type, data } = status
      if (type === 'disconnect') {
        up = false
        log.warn({ server: text(data) }, 'bus.nats.disconnected')
      } else if (type === 'reconnect') {
        up = true
        log.info({ server: text(data) }, 'bus.nats.reconnected')
        for (const run of [...waiters, ...watchers]) run()
      } else if (type === 'error') {
        tellError(status, log)
      }
    }
  }
  void follow()
  void connection.closed().then((error) => {
    up = false
    if (closing) return
    log.fatal({ err: error }, 'bus.nats.lost')
    onLost(error ?? new BusError('closed', 'the connection to NATS was closed for good'))
  })

  return {
    connection,
    inboxPrefix: inboxOf(settings.service),
    isUp: () => up && !connection.isClosed(),
    whenUp(ms) {
      if (up) return Promise.resolve(true)
      return new Promise((resolve) => {
        const done = (): void => {
          cancel()
          waiters.delete(done)
          resolve(up)
        }
        const cancel = clock.after(ms, done)
        waiters.add(done)
      })
    },
    onReconnect(run) {
      watchers.add(run)
      return () => watchers.delete(run)
    },
    async close() {
      closing = true
      await connection.close()
    },
  }
}

/** Not left to the client, which says nothing of why it waits: a wrong password would look like a NATS that is away. */
async function firstConnection(
  options: ConnectionOptions,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<NatsConnection> {
  for (let told = ''; ; await clock.sleep(RECONNECT_MS)) {
    try {
      return await connect(options)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
      if (code !== told) log.warn({ error: code, server: options.servers }, 'bus.nats.awaited')
      told = code
    }
  }
}

/** What a user of NATS may not say or hear is a defect of its rights: nothing works that needs it, and nothing else fails. */
function tellError(status: Status, log: Log): void {
  const { permissionContext: denied } = status as { permissionContext?: { operation: string; subject: string } }
  if (denied === undefined) log.warn({ error: text(status.data) }, 'bus.nats.error')
  else log.error({ operation: denied.operation, subject: denied.subject }, 'bus.nats.denied')
}

function text(data: unknown): string {
  return typeof data === 'string' ? data : JSON.stringify(data)
}
