import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { SessionKey } from '@sluice/hot-store'
import type { Clock, Log } from '@sluice/runtime'
import type { GatewaySettings } from '../config.ts'
import { createConnectionSessions } from './connection-sessions.ts'
import { createByteBudget } from './byte-budget.ts'
import { type Body, type Coding, codingOf, discardBody, readBody } from './read-body.ts'
import { badRequest, methodNotAllowed, type Reply, tooLarge, unavailable, unsupportedEncoding } from './reply.ts'
import { certificateNameOf, openTls, type Tls } from './tls.ts'

/** The head of a POST of a CPE, as far as anything but HTTP cares. */
export interface PostHead {
  readonly authorization: string | undefined
  readonly cookie: string | undefined
  /** CN of the verified client certificate of this connection. */
  readonly certificateName: string | null
  readonly isSecure: boolean
  /** The session of this connection, where connections name sessions and the POST bears no cookie. */
  readonly boundSession: SessionKey | null
}

export interface PostBody {
  readonly body: Uint8Array
  readonly contentType: string | undefined
}

/** What the head alone decides. */
export type Admission =
  /** Its body is not kept. */
  | { readonly kind: 'refused'; readonly reply: Reply }
  | {
      readonly kind: 'admitted'
      /** Asked of a body that is longer than a stranger's may be. */
      readonly isInSession: () => Promise<boolean>
      readonly answer: (body: PostBody) => Promise<Reply>
      /** The body could not be read to its end: its session is over, and this is the answer. */
      readonly abandon: (refusal: Reply) => Promise<Reply>
    }

export interface CwmpServer {
  /** 0: there is none. */
  readonly port: number
  readonly tlsPort: number
  /** Takes no new connections, lets requests under way end, then closes. */
  close(): Promise<void>
}

export type ServerSettings = Pick<
  GatewaySettings,
  | 'host'
  | 'port'
  | 'plain'
  | 'tls'
  | 'tlsTerminated'
  | 'bodyLimit'
  | 'sessionBodyLimit'
  | 'requestTimeoutMs'
  | 'retryAfterSeconds'
  | 'connectionSessions'
  | 'maxPosts'
  | 'maxConnections'
>

export interface CwmpServerParts {
  readonly settings: ServerSettings
  readonly clock: Clock
  readonly log: Log
  readonly isDraining: () => boolean
  readonly admit: (head: PostHead) => Admission
  /** What a POST is answered that failed. */
  readonly translate: (error: unknown) => Reply
  /** `ms`: since the body was read. */
  readonly answered: (reply: Reply, ms: number) => void
}

/** How long a CPE that sends too much has for hearing so. */
const LINGER_MS = 1_000

/** So many POSTs of the greatest length may be held at once, or more of shorter ones. */
const LONG_POSTS = 8

/** HTTP as CPE speak it: any path, any Content-Type, chunked or not, 1.0 or 1.1; limits on size, time and number. */
export async function startCwmpServer(parts: CwmpServerParts): Promise<CwmpServer> {
  const { settings, clock, log, isDraining } = parts
  const connections = settings.connectionSessions ? createConnectionSessions() : null
  const { requestTimeoutMs, bodyLimit, sessionBodyLimit } = settings
  const longBodies = createByteBudget(LONG_POSTS * sessionBodyLimit)
  const options = {
    requestTimeout: requestTimeoutMs,
    headersTimeout: Math.min(requestTimeoutMs, 15_000),
    connectionsCheckingInterval: Math.max(100, Math.min(1_000, requestTimeoutMs / 4)),
    keepAliveTimeout: 75_000,
    maxHeaderSize: 16_384,
    noDelay: true,
    // Refused below, with a Content-Length.
    requireHostHeader: false,
  }
  let underWay = 0

  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    void respond(request, response).catch((error: unknown) => {
      log.error({ err: error }, 'cwmp.post.failed')
      request.socket.destroy()
    })
  }
  const plain = settings.plain ? await listen(createServer(options, serve), settings.port) : null
  const tls = settings.tls === null ? null : await openTls({ settings: settings.tls, clock, log })
  const secure = tls === null ? null : await listen(createTlsServer({ ...options, ...tls.options }, serve), tls.port)
  if (tls !== null && secure !== null) tls.guard(secure as unknown as Parameters<Tls['guard']>[0])

  return {
    port: portOf(plain),
    tlsPort: portOf(secure),
    close: async () => {
      tls?.close()
      await Promise.all([plain, secure].map(closeServer))
    },
  }

  async function listen<S extends Server>(server: S, port: number): Promise<S> {
    server.maxConnections = settings.maxConnections
    server.on('clientError', refuseConnection)
    // What else is expected is nobody's business here (RFC 9110 10.1.1); Node would answer 417, without a length.
    server.on('checkExpectation', serve)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, settings.host, resolve)
    })
    return server
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers } = request
    if (request.method !== 'POST') return refuse(request, response, methodNotAllowed())
    if (request.httpVersion === '1.1' && headers.host === undefined)
      return refuse(request, response, badRequest('host'))
    // Before anything is parsed: a CPE that hears 503 comes again later, one that hears nothing comes again at once.
    if (underWay >= settings.maxPosts) {
      return refuse(request, response, unavailable(settings.retryAfterSeconds, 'overloaded'), true)
    }
    const admission = parts.admit(headOf(request))
    if (admission.kind === 'refused') return refuse(request, response, admission.reply)
    const coding = codingOf(headers['content-encoding'])
    if (coding === null) return refuse(request, response, unsupportedEncoding())
    underWay += 1
    const room = roomFor(request, coding, admission)
    try {
      const body = await readBody(request, coding, bodyLimit, room.ask).catch((error: unknown) =>
        parts.translate(error),
      )
      if ('status' in body) {
        parts.answered(body, 0)
        return writeUnread(request, response, body)
      }
      if (body.kind === 'aborted') return
      const startedAt = clock.now()
      const reply = await replyTo(admission, body, headers['content-type']).catch(parts.translate)
      parts.answered(reply, clock.now() - startedAt)
      if (body.kind === 'too_large') writeUnread(request, response, reply)
      else write(request, response, reply)
    } finally {
      underWay -= 1
      room.leave()
    }
  }

  /** Room for a body that is longer than a stranger's may be: in a session, and once others leave enough of it. */
  function roomFor(
    { headers }: IncomingMessage,
    coding: Coding,
    { isInSession }: Extract<Admission, { kind: 'admitted' }>,
  ): { ask(): Promise<number>; leave(): void } {
    const announced = headers['content-length']
    const bytes = coding === 'identity' && announced !== undefined ? Number(announced) : sessionBodyLimit
    let taken: Promise<void> | undefined
    let isOver = false
    return {
      ask: async () => {
        if (bytes > sessionBodyLimit || !(await isInSession()) || isOver) return bodyLimit
        await (taken = longBodies.take(bytes))
        return sessionBodyLimit
      },
      // One that went away while it waited has its turn all the same.
      leave: () => {
        isOver = true
        void taken?.then(() => longBodies.give(bytes))
      },
    }
  }

  function replyTo(
    { answer, abandon }: Extract<Admission, { kind: 'admitted' }>,
    body: Exclude<Body, { kind: 'aborted' }>,
    contentType: string | undefined,
  ): Promise<Reply> {
    if (body.kind === 'read') return answer({ body: body.bytes, contentType })
    return abandon(body.kind === 'too_large' ? tooLarge() : badRequest('content_encoding'))
  }

  function headOf({ headers, socket }: IncomingMessage): PostHead {
    return {
      authorization: headers.authorization,
      cookie: headers.cookie,
      certificateName: certificateNameOf(socket),
      isSecure: 'encrypted' in socket || settings.tlsTerminated,
      // A proxy's connection carries many devices.
      boundSession: isForwarded(headers) || headers.cookie !== undefined ? null : (connections?.find(socket) ?? null),
    }
  }

  /** After the body has passed by: there are clients that hear nothing before they have sent all. */
  async function refuse(
    request: IncomingMessage,
    response: ServerResponse,
    reply: Reply,
    mustClose = false,
  ): Promise<void> {
    const isWhole = await discardBody(request, bodyLimit)
    parts.answered(reply, 0)
    if (isWhole) write(request, response, reply, mustClose)
    else writeUnread(request, response, reply)
  }

  /**
   * Closes a moment later, and reads no more meanwhile: a connection that is closed with bytes on it unread is reset, and
   * the CPE may never hear why. The length tells it that the reply is whole.
   */
  function writeUnread(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
    response.writeHead(reply.status, { ...headersOf(reply), connection: 'close' })
    response.flushHeaders()
    if (reply.body !== '') response.write(reply.body)
    request.pause()
    request.on('error', () => {})
    const stop = clock.after(LINGER_MS, () => response.end())
    response.once('close', stop)
  }

  function write({ socket }: IncomingMessage, response: ServerResponse, reply: Reply, mustClose = false): void {
    if (reply.bind !== undefined) connections?.bind(socket, reply.bind)
    const headers = headersOf(reply)
    response.writeHead(reply.status, mustClose || isDraining() ? { ...headers, connection: 'close' } : headers)
    response.end(reply.body)
  }
}

function headersOf({ headers, body }: Reply): Record<string, string | number> {
  return { ...headers, 'content-length': Buffer.byteLength(body) }
}

function portOf(server: Server | null): number {
  return server === null ? 0 : (server.address() as AddressInfo).port
}

function closeServer(server: Server | null): Promise<void> {
  if (server === null) return Promise.resolve()
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
}

function isForwarded(headers: Readonly<Record<string, unknown>>): boolean {
  return headers['forwarded'] !== undefined || headers['x-forwarded-for'] !== undefined || headers['via'] !== undefined
}

function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const status = STATUS[error.code ?? ''] ?? '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
}

const STATUS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
}
