import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ERROR_CODES, refused, type ErrorCode, type Reply } from '@sluice/contracts'
import { ImageStoreError } from '@sluice/image-store'
import { RuntimeError } from '@sluice/runtime'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { LOG } from '../observability.ts'
import type { Parts } from '../parts.ts'
import { receiveUpload } from './receive-upload.ts'

export interface IntakeServer {
  /** Resolves to the port. */
  start(): Promise<number>
  /** Takes no new uploads and waits for those under way. */
  stop(): Promise<void>
}

const IDLE_MS = 60_000
const HEAD_DEADLINE_MS = 10_000

/**
 * Takes the bytes of images: `PUT /intake/<artifactId>` with the internal bearer token; the body is the image. Gives
 * out what devices uploaded: `GET /uploads/<uploadId>`.
 */
export function createIntakeServer(parts: Parts): IntakeServer {
  const { intake } = parts.settings
  const underWay = new Set<string>()
  const server = Fastify({
    connectionTimeout: IDLE_MS,
    forceCloseConnections: 'idle',
    http: { headersTimeout: HEAD_DEADLINE_MS, requestTimeout: intake.deadlineMs, connectionsCheckingInterval: 1_000 },
  })
  // The body stays a stream, whatever its type is said to be.
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', (_request, payload, done) => done(null, payload))

  server.addHook('onRequest', async (request, reply) => {
    if (saysToken(request.headers.authorization, intake.token)) return
    await answer(reply, refused('unauthorized', 'the bearer token is missing or wrong'))
  })
  server.put<{ Params: { artifactId: string } }>('/intake/:artifactId', async (request, reply) => {
    const { artifactId } = request.params
    if (!/^art_[0-9A-HJKMNP-TV-Z]{26}$/.test(artifactId))
      return answer(reply, refused('not_found', 'there is no such artifact'))
    // Two senders at once: one of them would have its bytes replaced after they were measured.
    if (underWay.has(artifactId)) return answer(reply, refused('conflict', 'it is being uploaded already'))
    underWay.add(artifactId)
    try {
      const said = await receiveUpload(artifactId, bodyOf(request), parts)
      if (!said.ok) parts.observability.intakeRefusals.add(1, { code: said.error.code })
      return await answer(reply, said, 201)
    } finally {
      underWay.delete(artifactId)
    }
  })
  server.get<{ Params: { uploadId: string } }>('/uploads/:uploadId', async (request, reply) => {
    const { uploadId } = request.params
    const known = /^(?:tsk_|bk)[0-9A-HJKMNP-TV-Z]{26}$/.test(uploadId)
    const opened = known ? await parts.uploads?.open(uploadId) : null
    if (opened === null || opened === undefined) return answer(reply, refused('not_found', 'nothing was uploaded'))
    return reply.type('application/octet-stream').header('content-length', opened.size).send(opened.stream)
  })
  server.setNotFoundHandler((_request, reply) =>
    answer(reply, refused('not_found', 'there are PUT /intake/<artifactId> and GET /uploads/<uploadId>')),
  )
  server.setErrorHandler((error, _request, reply) => {
    parts.log.error({ err: error }, LOG.intakeFailed)
    parts.observability.intakeRefusals.add(1, { code: codeOf(error) })
    const why = error instanceof ImageStoreError ? `: ${error.message}` : ''
    return answer(reply, refused(codeOf(error), `the image could not be taken${why}`))
  })

  return {
    start: async () => {
      await server.listen({ host: intake.host, port: intake.port })
      const { port } = server.server.address() as AddressInfo
      parts.log.info({ host: intake.host, port }, LOG.intakeListening)
      return port
    },
    stop: () => server.close(),
  }
}

/** Without a Content-Type there is no parser and no body: the request itself is the stream then. */
function bodyOf(request: FastifyRequest): IncomingMessage {
  return (request.body as IncomingMessage | undefined) ?? request.raw
}

async function answer(reply: FastifyReply, said: Reply<unknown>, status = 200): Promise<FastifyReply> {
  // Bytes nobody will read may still be on their way.
  if (!said.ok) void reply.header('connection', 'close')
  return said.ok ? reply.code(status).send(said.data) : reply.code(ERROR_CODES[said.error.code].status).send(said.error)
}

function codeOf(error: unknown): ErrorCode {
  if (error instanceof RuntimeError && error.code === 'deadline_exceeded') return 'deadline_exceeded'
  return error instanceof Error && 'code' in error && error.code === 'unavailable' ? 'unavailable' : 'internal'
}

function saysToken(header: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`))
}
