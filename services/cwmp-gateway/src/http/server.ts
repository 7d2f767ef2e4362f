import type { AddressInfo, Socket } from 'node:net'
import { fastify, type FastifyReply, type FastifyRequest } from 'fastify'
import type { GatewaySettings } from '../config.ts'
import { createConnectionSessions } from './connection-sessions.ts'
import { badRequest, failed, methodNotAllowed, type Reply } from './reply.ts'
import type { SessionKey } from '@sluice/hot-store'
import type { Log } from '@sluice/runtime'

/** One POST of a CPE, as far as anything but HTTP cares. */
export interface Post {
  readonly body: Uint8Array
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
  readonly authorization: string | undefined
  readonly cookie: string | undefined
  /** The session of this connection, where connections name sessions and the POST bears no cookie. */
  readonly boundSession: SessionKey | null
}

export interface CwmpServer {
  readonly port: number
  /** Takes no new connections, lets requests under way end, then closes. */
  close(): Promise<void>
}

export interface CwmpServerParts {
  readonly settings: Pick<GatewaySettings, 'host' | 'port' | 'bodyLimit' | 'requestTimeoutMs' | 'connectionSessions'>
  readonly log: Log
  readonly isDraining: () => boolean
  readonly answer: (post: Post) => Promise<Reply>
  /** A POST that could not be read to its end: its session is over. */
  readonly abandon: (post: Post, reason: string) => Promise<Reply>
}

/** HTTP as CPE speak it: any path, any Content-Type, chunked or not, 1.0 or 1.1; limits on size and time. */
export async function startCwmpServer({
  settings,
  log,
  isDraining,
  answer,
  abandon,
}: CwmpServerParts): Promise<CwmpServer> {
  const connections = settings.connectionSessions ? createConnectionSessions() : null
  const { requestTimeoutMs } = settings
  const app = fastify({
    bodyLimit: settings.bodyLimit,
    // Slow bodies: Fastify's own option overwrites Node's. Slow heads, and how often Node looks, it leaves to Node.
    requestTimeout: requestTimeoutMs,
    http: {
      headersTimeout: Math.min(requestTimeoutMs, 15_000),
      connectionsCheckingInterval: Math.max(100, Math.min(1_000, requestTimeoutMs / 4)),
    },
    keepAliveTimeout: 75_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    rewriteUrl: () => '/',
    clientErrorHandler: refuseConnection,
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body))
  // Whatever a CPE writes there, Fastify must not answer 415 to it; the charset in it still counts.
  const contentTypes = new WeakMap<object, string | undefined>()
  app.addHook('onRequest', async (request) => {
    contentTypes.set(request.raw, request.headers['content-type'])
    request.raw.headers['content-type'] = 'text/xml'
  })
  app.post('/', async (request, reply) => {
    const { socket } = request.raw
    write(reply, await answer(postOf(request)), socket)
  })
  app.setNotFoundHandler((request, reply) => write(reply, methodNotAllowed(), request.raw.socket))
  app.setErrorHandler(async (error: { readonly statusCode?: number; readonly code?: string }, request, reply) => {
    const { socket } = request.raw
    if ((error.statusCode ?? 500) < 500) {
      const reason = error.code === 'FST_ERR_CTP_BODY_TOO_LARGE' ? 'too_large' : 'unreadable'
      return write(reply, await abandon(postOf(request), reason).catch(() => badRequest(reason)), socket, true)
    }
    log.error({ err: error }, 'cwmp.post.failed')
    write(reply, failed(), socket)
  })
  await app.listen({ host: settings.host, port: settings.port })

  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }

  function postOf(request: FastifyRequest): Post {
    const { headers, socket } = request.raw
    return {
      body: Buffer.isBuffer(request.body) ? request.body : new Uint8Array(),
      contentType: contentTypes.get(request.raw),
      contentEncoding: headers['content-encoding'],
      authorization: headers.authorization,
      cookie: headers.cookie,
      // A proxy's connection carries many devices.
      boundSession: isForwarded(headers) || headers.cookie !== undefined ? null : (connections?.find(socket) ?? null),
    }
  }

  function write(reply: FastifyReply, { status, headers, body, bind }: Reply, socket: Socket, close = false): void {
    if (bind !== undefined) connections?.bind(socket, bind)
    reply.hijack()
    const response = reply.raw
    response.writeHead(status, {
      ...headers,
      'content-length': Buffer.byteLength(body),
      ...(close || isDraining() ? { connection: 'close' } : {}),
    })
    response.end(body)
  }
}

function isForwarded(headers: Readonly<Record<string, unknown>>): boolean {
  return ['forwarded', 'x-forwarded-for', 'via'].some((name) => headers[name] !== undefined)
}

function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
}
