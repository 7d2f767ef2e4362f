import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Bus, Stop } from '@sluice/bus'
import { imageDoubted } from '@sluice/contracts'
import type { DownloadGrant } from '@sluice/firmware'
import type { ImageStore, UploadStore } from '@sluice/image-store'
import { type Check, type Clock, type Ids, type Log, RuntimeError } from '@sluice/runtime'
import { createAdmission } from './admission.ts'
import { createAttemptMemories } from './attempt-memory.ts'
import { createAuthenticator } from './authenticate.ts'
import { contradictionIn, type FileServerSettings } from './file-server-settings.ts'
import { createImageMemory } from './image-memory.ts'
import { type Listeners, openListeners } from './listeners.ts'
import { maskToken } from './mask-token.ts'
import { LOG, METRICS } from './observability.ts'
import { createPacer } from './pacer.ts'
import { createPieceCache } from './piece-cache.ts'
import { createFactReporter } from './report-facts.ts'
import { isUpload, receiveUpload } from './receive-upload.ts'
import { serveImage, type ServeParts } from './serve-image.ts'
import { followStoppedWork, type StoppedWork } from './stopped-work.ts'
import { createTransferTeller } from './tell-transfers.ts'
import { openTransferLog, type TransferLog } from './transfer-log.ts'
import { createTicketOffice } from './transfer-ticket.ts'

export interface FileServerParts {
  readonly bus: Bus
  readonly images: ImageStore
  /** Absent: devices put nothing here. */
  readonly uploads?: UploadStore | undefined
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
}

export interface FileServer {
  /** Resolves to where it listens, once requests are answered; 0: not at all. */
  start(): Promise<{ readonly port: number; readonly tlsPort: number; readonly transferLogPort: number }>
  /** Takes no new requests, lets transfers end within `drainMs`, publishes what is left to tell. */
  stop(): Promise<void>
  readonly checks: Readonly<Record<string, Check>>
}

const REMEMBERED_ATTEMPTS = 100_000
const REMEMBERED_IMAGES = 10_000

/** Throws RuntimeError `invalid_settings` where they contradict each other. */
export function createFileServer(parts: FileServerParts, settings: FileServerSettings): FileServer {
  const { bus, images, uploads, clock, ids, log } = parts
  const { keys, maxUploadBytes, pace } = settings
  const contradiction = contradictionIn(settings)
  if (contradiction !== null) throw new RuntimeError('invalid_settings', contradiction)
  const facts = createFactReporter({ bus, clock, ids, log })
  const teller = createTransferTeller(facts, createAttemptMemories(REMEMBERED_ATTEMPTS), clock)
  const admission = createAdmission({ inAll: settings.maxTransfers, perAttempt: settings.maxTransfersPerAttempt })
  const authenticator = createAuthenticator(clock, keys[0], settings.requireCredentials)
  const memory = createImageMemory(images, REMEMBERED_IMAGES)
  const pieces = createPieceCache(images, settings.cacheBytes)
  const pacer = createPacer(clock, pace)
  const tickets = createTicketOffice(keys)
  const { transferBytesPerSecond } = pace
  const nginx = settings.nginx === null ? null : { teller, tickets, transferBytesPerSecond }
  let stopped: StoppedWork | null = null
  let stopDoubting: Stop = async () => undefined
  let listeners: Listeners | null = null
  let transferLog: TransferLog | null = null
  let draining = false
  /** Whose requests are being answered. */
  const underWay = new Set<DownloadGrant>()

  const answer = (
    request: IncomingMessage,
    response: ServerResponse,
    told: Pick<ServeParts, 'onGenuine' | 'onHandedOver'>,
  ) => {
    if (stopped === null) throw new Error('served before it was started')
    const common = { admission, authenticator, keys, clock, log }
    if (uploads !== undefined && isUpload(request.url ?? '')) {
      return receiveUpload(request, response, { ...common, uploads, maxUploadBytes, bus, ids })
    }
    return serveImage(request, response, { ...common, stopped, memory, pieces, pacer, teller, nginx, ...told })
  }
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    let grant: DownloadGrant | undefined
    let handedOver: number | undefined
    const endOverlong = clock.after(settings.maxTransferMs, () => request.socket.destroy())
    response.on('error', () => undefined)
    response.once('close', () => {
      // A connection that falls idle now would be kept alive for nothing.
      if (draining) setImmediate(() => listeners?.closeIdle())
      METRICS.requests.add(1, { status: handedOver ?? response.statusCode })
      if (handedOver === undefined) logEnd(request, response, grant?.attemptId)
    })
    try {
      await answer(request, response, {
        onGenuine: (genuine) => {
          grant = genuine
          underWay.add(genuine)
        },
        onHandedOver: (status) => (handedOver = status),
      })
    } catch (error) {
      log.error({ err: error, path: maskToken(request.url ?? ''), attempt_id: grant?.attemptId }, LOG.requestFailed)
      // A store that does not answer is no verdict on the request. Once bytes have left, only the connection can say so.
      if (response.headersSent) response.destroy()
      else response.writeHead(503, { 'retry-after': '30', 'content-length': 0 }).end()
    } finally {
      endOverlong()
      if (grant !== undefined) underWay.delete(grant)
    }
  }
  /** Cuts off what still runs, and says that no device is to blame for it. */
  const giveUp = () => {
    for (const grant of underWay) teller.refused(grant, 'shedding')
    listeners?.giveUp()
  }
  const logEnd = ({ method, url = '', headers }: IncomingMessage, response: ServerResponse, attempt?: string) => {
    log.info(
      {
        method,
        path: maskToken(url),
        status: response.statusCode,
        range: headers.range,
        complete: response.writableFinished,
        attempt_id: attempt,
      },
      LOG.requestEnded,
    )
  }

  return {
    start: async () => {
      const { host, nginx: told } = settings
      stopDoubting = await bus.listen(imageDoubted, ({ data }) => pieces.forget(data.sha256))
      stopped = await followStoppedWork({ bus, clock, log }, settings.stopsRefreshMs)
      if (told !== null) {
        transferLog = await openTransferLog({ host, port: told.transferLogPort }, { tickets, teller, log })
      }
      const requestMs = uploads === undefined ? 0 : settings.maxTransferMs
      listeners = await openListeners({ ...settings, requestMs }, (...both) => void serve(...both), { clock, log })
      const ports = {
        port: listeners.port,
        tlsPort: listeners.tlsPort,
        transferLogPort: transferLog?.port ?? 0,
      }
      log.info({ host, ...ports }, LOG.listening)
      return ports
    },
    stop: async () => {
      draining = true
      const ended = clock.after(settings.drainMs, giveUp)
      await listeners?.close()
      ended()
      await transferLog?.close()
      await stopped?.stop()
      await stopDoubting()
      await facts.stop()
    },
    checks: { bus: () => bus.status() === 'up', stops: () => stopped?.isKnown() ?? false },
  }
}
