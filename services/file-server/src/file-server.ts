import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Bus } from '@sluice/bus'
import type { ImageStore, UploadStore } from '@sluice/image-store'
import type { Check, Clock, Ids, Log } from '@sluice/runtime'
import { createAdmission } from './admission.ts'
import { createAttemptMemories } from './attempt-memory.ts'
import { createAuthenticator } from './authenticate.ts'
import { createDigestMemory } from './digest-memory.ts'
import { LOG, METRICS } from './observability.ts'
import { createFactReporter } from './report-facts.ts'
import { isUpload, receiveUpload } from './receive-upload.ts'
import { serveImage } from './serve-image.ts'
import { followStoppedWork, type StoppedWork } from './stopped-work.ts'

export interface FileServerParts {
  readonly bus: Bus
  readonly images: ImageStore
  /** Absent: devices put nothing here. */
  readonly uploads?: UploadStore | undefined
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
}

export interface FileServerSettings {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Keys of download grants: the current one, then those still believed. */
  readonly keys: readonly [Uint8Array, ...Uint8Array[]]
  /** Whether the token in the path is not enough. */
  readonly requireCredentials: boolean
  readonly maxTransfers: number
  readonly maxTransfersPerAttempt: number
  /** Of one file a device puts. */
  readonly maxUploadBytes: number
  /** A socket on which nothing moves for this long is closed. */
  readonly idleMs: number
  /** However slowly it moves, a transfer ends after this time. */
  readonly maxTransferMs: number
  readonly stopsRefreshMs: number
  /** How long transfers under way may go on after `stop`. */
  readonly drainMs: number
}

export interface FileServer {
  /** Resolves to the port once requests are answered. */
  start(): Promise<number>
  /** Takes no new requests, lets transfers end within `drainMs`, publishes what is left to tell. */
  stop(): Promise<void>
  readonly checks: Readonly<Record<string, Check>>
}

const HEAD_DEADLINE_MS = 10_000
const REMEMBERED_ATTEMPTS = 100_000
const REMEMBERED_DIGESTS = 10_000

export function createFileServer(parts: FileServerParts, settings: FileServerSettings): FileServer {
  const { bus, images, uploads, clock, ids, log } = parts
  const facts = createFactReporter({ bus, clock, ids, log })
  const admission = createAdmission({ inAll: settings.maxTransfers, perAttempt: settings.maxTransfersPerAttempt })
  const attempts = createAttemptMemories(REMEMBERED_ATTEMPTS)
  const digests = createDigestMemory(images, REMEMBERED_DIGESTS)
  const authenticator = createAuthenticator(clock, settings.keys[0], settings.requireCredentials)
  let stopped: StoppedWork | null = null
  let draining = false

  const server = createServer(
    {
      headersTimeout: HEAD_DEADLINE_MS,
      requestTimeout: uploads === undefined ? HEAD_DEADLINE_MS : settings.maxTransferMs,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 5_000,
      maxHeaderSize: 8 * 1024,
    },
    (request, response) => void serve(request, response),
  )
  server.setTimeout(settings.idleMs, (socket: Socket) => socket.destroy())

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    let attemptId: string | undefined
    const endOverlong = clock.after(settings.maxTransferMs, () => response.destroy())
    response.on('error', () => undefined)
    response.once('close', () => {
      // A connection that falls idle now would be kept alive for nothing.
      if (draining) setImmediate(() => server.closeIdleConnections())
      METRICS.requests.add(1, { status: response.statusCode })
      log.info(
        {
          method: request.method,
          path: maskToken(request.url ?? ''),
          status: response.statusCode,
          range: request.headers.range,
          complete: response.writableFinished,
          attempt_id: attemptId,
        },
        LOG.requestEnded,
      )
    })
    try {
      if (stopped === null) throw new Error('served before it was started')
      const { keys, maxUploadBytes } = settings
      if (uploads !== undefined && isUpload(request.url ?? '')) {
        return await receiveUpload(request, response, {
          uploads,
          maxUploadBytes,
          bus,
          ids,
          admission,
          authenticator,
          keys,
          clock,
          log,
        })
      }
      await serveImage(request, response, {
        images,
        digests,
        stopped,
        facts,
        admission,
        attempts,
        authenticator,
        keys,
        clock,
        log,
        onAttempt: (genuine) => (attemptId = genuine),
      })
    } catch (error) {
      log.error({ err: error, path: maskToken(request.url ?? ''), attempt_id: attemptId }, LOG.requestFailed)
      // A store that does not answer is no verdict on the request. Once bytes have left, only the connection can say so.
      if (response.headersSent) response.destroy()
      else response.writeHead(503, { 'retry-after': '30', 'content-length': 0 }).end()
    } finally {
      endOverlong()
    }
  }

  return {
    start: async () => {
      stopped = await followStoppedWork({ bus, clock, log }, settings.stopsRefreshMs)
      server.listen(settings.port, settings.host)
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      log.info({ host: settings.host, port }, LOG.listening)
      return port
    },
    stop: async () => {
      if (server.listening) {
        const closed = once(server, 'close')
        draining = true
        server.close()
        server.closeIdleConnections()
        const giveUp = clock.after(settings.drainMs, () => server.closeAllConnections())
        await closed
        giveUp()
      }
      await stopped?.stop()
      await facts.stop()
    },
    checks: { bus: () => bus.status() === 'up', stops: () => stopped?.isKnown() ?? false },
  }
}

/**
 * A token is a right: a log shows only where it starts. Whose download it was is said apart, and only of genuine ones;
 * an upload says its id in the path.
 */
export function maskToken(url: string): string {
  const [path = ''] = url.slice(0, 512).split(/[?#]/)
  const parts = path.split('/')
  return parts
    .map((part, at) =>
      part.length > 8 && !(at === 2 && /^(?:bk|tsk_)[0-9A-Z]{26}$/.test(part)) ? `${part.slice(0, 4)}…` : part,
    )
    .join('/')
}
