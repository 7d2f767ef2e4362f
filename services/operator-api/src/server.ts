import type { Readable } from 'node:stream'
import {
  type Artifact,
  type ErrorCode,
  OPERATIONS,
  type Operation,
  type OperationName,
  type Reply,
  RequestIdSchema,
  check,
} from '@sluice/contracts'
import { type Clock, type Log, inSpan } from '@sluice/runtime'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { admitRequests, callerOf } from './admit-requests.ts'
import type { Answers, Call } from './answers.ts'
import { uploadIdOf } from './fetch-upload.ts'
import type { EventStreams } from './event-stream.ts'
import type { Observability } from './observability.ts'
import openApi from './generated/openapi.json' with { type: 'json' }
import { problemOf } from './problem.ts'
import type { ReportFormat, WriteReport } from './write-report.ts'
import type { Tokens } from './tokens.ts'

export interface ServerParts {
  readonly answers: Answers
  readonly upload: (artifactId: string, content: Readable, signal: AbortSignal) => Promise<Reply<Artifact>>
  readonly fetchUpload: (uploadId: string, signal: AbortSignal) => Promise<Reply<Readable>>
  readonly writeReport: WriteReport
  readonly streams: EventStreams
  readonly tokens: Tokens
  readonly log: Log
  readonly clock: Clock
  readonly observability: Observability
  /** How long the body of a request may take; that of an upload may not stand still for as long. */
  readonly bodyMs: number
}

const MAX_JSON_BYTES = 1_048_576
const OPEN_PATH = '/v1/openapi.json'

/** The operations of the contract over HTTP. Everything but the OpenAPI document needs a bearer token. */
export function createServer(parts: ServerParts): FastifyInstance {
  const app = Fastify({
    bodyLimit: MAX_JSON_BYTES,
    http: { connectionsCheckingInterval: 1_000, headersTimeout: 10_000 },
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 512 },
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, readJson)
  // The bytes stay in their stream.
  app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload))

  app.setErrorHandler((error: Error & { statusCode?: number; code?: string }, request, reply) => {
    const code = codeOf(error)
    if (code === 'internal') parts.log.error({ err: error, path: request.routeOptions.url }, 'api.request.failed')
    return sendProblem(reply, code, code === 'internal' ? 'see the log' : error.message)
  })
  const operations = (Object.entries(OPERATIONS) as [OperationName, Operation][]).map(([name, operation]) => {
    return { name, operation, url: operation.path.replaceAll(/\{(\w+)\}/g, ':$1') }
  })
  const operationOf = ({ method, routeOptions: { url } }: FastifyRequest) =>
    operations.find((one) => one.operation.method === method && one.url === url)
  app.addHook('onRequest', async (request, reply) => count(parts, operationOf(request)?.name ?? 'other', reply))
  admitRequests(app, {
    ...parts,
    isOpen: (request) => request.routeOptions.url === OPEN_PATH,
    isUpload: (request) => operationOf(request)?.operation.body === 'bytes',
    refuse: sendProblem,
  })
  app.get(OPEN_PATH, () => openApi)

  for (const { name, operation, url } of operations) {
    app.route({
      method: operation.method,
      url,
      handler: (request, reply) => answer(parts, name, operation, request, reply),
    })
  }
  return app
}

function count({ clock, observability }: ServerParts, operation: string, reply: FastifyReply): void {
  const startedAt = clock.now()
  reply.raw.once('close', () => {
    observability.requests.add(1, { operation, status: reply.statusCode })
    observability.duration.record((clock.now() - startedAt) / 1_000, { operation })
  })
}

async function answer(
  parts: ServerParts,
  name: OperationName,
  operation: Operation,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  return inSpan({ tracer: 'operator-api', name: `api.${name}`, kind: 'server' }, async () => {
    const input = readInput(operation, request)
    if (input.kind === 'invalid') return sendProblem(reply, 'invalid_request', input.detail)

    if (name === 'streamEvents') {
      reply.hijack()
      parts.streams.add(reply.raw, input.query as { campaignId?: string })
      return
    }
    if (operation.response === 'document') return sendReport(parts, input, reply)
    const requestId = requestIdOf(request)
    if (requestId.kind === 'invalid') return sendProblem(reply, 'invalid_request', requestId.detail)
    if (operation.response === 'bytes') {
      const file = await parts.fetchUpload(uploadIdOf(input.params as { taskId?: string }), whenGone(reply))
      if (!file.ok) return sendProblem(reply, file.error.code, file.error.detail)
      return reply.header('cache-control', 'no-store').type('application/octet-stream').send(file.data)
    }
    const result =
      name === 'uploadArtifact'
        ? await parts.upload(
            (input.params as { artifactId: string }).artifactId,
            request.body as Readable,
            whenGone(reply),
          )
        : await parts.answers[name as 'getArtifact']({
            ...input,
            actor: `operator:${callerOf(request)}`,
            ...(requestId.value !== undefined && { requestId: requestId.value }),
          } as unknown as Call<'getArtifact'>)
    if (!result.ok) return sendProblem(reply, result.error.code, result.error.detail)
    return reply.code(operation.status).send(result.data)
  })
}

async function sendReport({ writeReport }: ServerParts, input: Input, reply: FastifyReply): Promise<unknown> {
  const { params, query } = input as unknown as { params: { campaignId: string }; query: { format?: ReportFormat } }
  const written = await writeReport(params.campaignId, query.format ?? 'json', whenGone(reply))
  if (!written.ok) return sendProblem(reply, written.error.code, written.error.detail)
  for (const [name, value] of Object.entries(written.data.headers)) reply.header(name, value)
  return reply.send(written.data.body)
}

/** What the client calls this request, should it have to send it again. */
function requestIdOf({
  headers,
}: FastifyRequest): { kind: 'valid'; value: string | undefined } | { kind: 'invalid'; detail: string } {
  const given = headers['idempotency-key']
  if (given === undefined) return { kind: 'valid', value: undefined }
  const checked = check(RequestIdSchema, given)
  return checked.kind === 'valid'
    ? { kind: 'valid', value: checked.value }
    : { kind: 'invalid', detail: `idempotency-key: ${checked.detail}` }
}

type Input = { kind: 'valid'; params: unknown; query: unknown; body: unknown } | { kind: 'invalid'; detail: string }

function readInput(operation: Operation, request: FastifyRequest): Input {
  const params = check(operation.params, request.params)
  if (params.kind === 'invalid') return { kind: 'invalid', detail: `path: ${params.detail}` }
  const query = check(operation.query, numbersOf(operation, request.query as Record<string, unknown>))
  if (query.kind === 'invalid') return { kind: 'invalid', detail: `query: ${query.detail}` }
  const unknown = Object.keys(query.value as object).find((key) => !(key in operation.query.properties))
  if (unknown !== undefined) return { kind: 'invalid', detail: `query: there is no parameter ${unknown}` }
  if (operation.body === 'bytes') {
    return request.body == null
      ? { kind: 'invalid', detail: 'body: an application/octet-stream is needed' }
      : { kind: 'valid', params: params.value, query: query.value, body: undefined }
  }
  if (operation.body === null) return { kind: 'valid', params: params.value, query: query.value, body: undefined }
  const body = check(operation.body, request.body ?? {})
  if (body.kind === 'invalid') return { kind: 'invalid', detail: `body: ${body.detail}` }
  return { kind: 'valid', params: params.value, query: query.value, body: body.value }
}

/** Query parameters come as text; where the contract has an integer, they are read as one. */
function numbersOf(operation: Operation, query: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(query).map(([name, value]) => {
    const type = (operation.query.properties[name] as { type?: string } | undefined)?.type
    return [name, type === 'integer' && typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value]
  })
  return Object.fromEntries(entries) as Record<string, unknown>
}

function readJson(
  _request: FastifyRequest,
  text: string | Buffer,
  done: (error: Error | null, body?: unknown) => void,
): void {
  if (text === '') return done(null, undefined)
  try {
    done(null, JSON.parse(String(text)))
  } catch {
    done(Object.assign(new Error('the body is not JSON'), { statusCode: 400 }))
  }
}

function codeOf(error: { statusCode?: number }): ErrorCode {
  if (error.statusCode === 413) return 'too_large'
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) return 'invalid_request'
  return 'internal'
}

function sendProblem(reply: FastifyReply, code: ErrorCode, detail: string): FastifyReply {
  const problem = problemOf(code, detail)
  if (problem.status === 503) reply.header('retry-after', '5')
  return reply.code(problem.status).type('application/problem+json').send(problem)
}

/** Aborts when the caller hangs up, so that nobody goes on for an answer that nobody reads. */
function whenGone(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort()
  })
  return controller.signal
}
