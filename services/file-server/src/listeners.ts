import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { SecureVersion } from 'node:tls'
import { type Clock, type FollowedCertificates, followCertificates, type Log } from '@sluice/runtime'
import { LOG } from './observability.ts'

export interface ListenSettings {
  readonly host: string
  /** Of plain HTTP; 0: any free one. Null: there is none. */
  readonly port: number | null
  readonly tls: TlsSettings | null
  /** Of each listener; beyond it connections are closed. */
  readonly maxConnections: number
  /** A socket on which nothing moves for this long is closed. */
  readonly idleMs: number
  /** How long a request may take to arrive, with its body. */
  readonly requestMs: number
}

export interface TlsSettings {
  /** 0: any free one. */
  readonly port: number
  readonly certFile: string
  readonly keyFile: string
  readonly minVersion: Extract<SecureVersion, 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'>
}

export interface Listeners {
  /** 0: there is none. */
  readonly port: number
  readonly tlsPort: number
  closeIdle(): void
  /** Takes no new connections; resolves when the last one has ended, which is at once after `giveUp`. */
  close(): Promise<void>
  giveUp(): void
}

const HEAD_DEADLINE_MS = 10_000

/** HTTP, plain or over TLS or both, with the limits of a server that anybody can reach. */
export async function openListeners(
  settings: ListenSettings,
  serve: RequestListener,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<Listeners> {
  // Whoever sends byte after byte is never idle: handshake and head have a deadline of their own.
  const headMs = Math.min(HEAD_DEADLINE_MS, settings.idleMs)
  const options: ServerOptions = {
    headersTimeout: headMs,
    requestTimeout: Math.max(headMs, settings.requestMs),
    connectionsCheckingInterval: Math.min(1_000, headMs),
    keepAliveTimeout: 5_000,
    maxHeaderSize: 8 * 1024,
  }
  const open = async <S extends Server>(server: S, port: number): Promise<S> => {
    server.maxConnections = settings.maxConnections
    server.setTimeout(settings.idleMs, (socket: Socket) => socket.destroy())
    server.listen(port, settings.host)
    await once(server, 'listening')
    return server
  }
  const { port, tls } = settings
  const certificates = tls === null ? null : await followCertificates(filesOf(tls), versionsOf(tls), clock)
  const plain = port === null ? null : await open(createServer(options, serve), port)
  const secure =
    tls === null || certificates === null
      ? null
      : await open(createTlsServer({ ...options, ...certificates.context, handshakeTimeout: headMs }, serve), tls.port)
  if (secure !== null) watchTls(secure as unknown as TlsEmitter, certificates!, log)

  const all = [plain, secure].filter((server) => server !== null)
  return {
    port: portOf(plain),
    tlsPort: portOf(secure),
    closeIdle: () => all.forEach((server) => server.closeIdleConnections()),
    close: async () => {
      certificates?.close()
      await Promise.all(
        all
          .filter(({ listening }) => listening)
          .map(async (server) => {
            const closed = once(server, 'close')
            server.close()
            server.closeIdleConnections()
            await closed
          }),
      )
    },
    giveUp: () => all.forEach((server) => server.closeAllConnections()),
  }
}

/** What Node's https server is besides, and its types do not say. */
type TlsEmitter = Parameters<FollowedCertificates['follow']>[0]

function watchTls(server: TlsEmitter, certificates: FollowedCertificates, log: Log): void {
  server.on('tlsClientError', (error) => log.debug({ error: error.message }, LOG.tlsRefused))
  certificates.follow(server, {
    renewed: () => log.info({}, LOG.tlsRenewed),
    notRenewed: (error) => log.warn({ err: error }, LOG.tlsNotRenewed),
  })
}

function filesOf({ certFile, keyFile }: TlsSettings) {
  return { certFile, keyFile, keySetting: 'SLUICE_FILES_TLS_KEY', caFile: null }
}

function versionsOf({ minVersion }: TlsSettings) {
  const isOld = minVersion === 'TLSv1' || minVersion === 'TLSv1.1'
  // OpenSSL signs their handshakes with SHA-1, which it does at this level alone.
  return { minVersion, maxVersion: 'TLSv1.3' as const, ...(isOld ? { ciphers: 'DEFAULT:@SECLEVEL=0' } : {}) }
}

function portOf(server: Server | null): number {
  return server === null ? 0 : (server.address() as AddressInfo).port
}
