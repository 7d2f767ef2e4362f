import type { IncomingMessage, ServerResponse } from 'node:http'
import { allowed, challengeOf } from './scripted-auth.ts'

/** One file a device sent. */
export interface Put {
  readonly path: string
  readonly body: Buffer
  readonly authorization: string | undefined
}

export interface Served {
  readonly path: string
  readonly authorization: string | undefined
  readonly range: string | undefined
}

/** `user:password`, asked for by basic unless told. */
export interface Login {
  login?: string
  digest?: boolean
}

export interface ScriptedFiles {
  readonly served: Served[]
  /** Files that arrived whole. */
  readonly puts: Put[]
  /** Both answer the path. */
  serve(path: string, bytes: Buffer, how: Login & { cutAt?: number }): string
  receive(path: string, how: Login): string
  answerGet(request: IncomingMessage, response: ServerResponse): void
  answerPut(request: IncomingMessage, response: ServerResponse, body: Buffer): void
}

/** A file server that cuts off where it is told to. */
export function createScriptedFiles(nonce: string): ScriptedFiles {
  const served: Served[] = []
  const puts: Put[] = []
  const files = new Map<string, Login & { bytes: Buffer; cutAt?: number }>()
  const receivers = new Map<string, Login>()

  const answerGet = (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url ?? '/'
    const { authorization, range } = request.headers
    served.push({ path, authorization, range })
    const file = files.get(path)
    if (!file) return respond(response, 404)
    if (file.login !== undefined) {
      const [, password] = file.login.split(':')
      const scheme = file.digest ? 'digest' : 'basic'
      if (!allowed(request, { scheme, password: () => password }, nonce)) {
        return respond(response, 401, '', { 'WWW-Authenticate': challengeOf(scheme, nonce) })
      }
    }
    const from = Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0)
    const rest = file.bytes.subarray(from)
    response.writeHead(from > 0 ? 206 : 200, { 'Content-Length': rest.length, ETag: '"one"' })
    if (file.cutAt === undefined || from >= file.cutAt) return void response.end(rest)
    response.write(rest.subarray(0, file.cutAt), () => setTimeout(() => response.destroy(), 20))
  }

  const answerPut = (request: IncomingMessage, response: ServerResponse, body: Buffer): void => {
    const path = request.url ?? '/'
    const place = receivers.get(path)
    if (!place) return respond(response, 403)
    const scheme = place.digest ? 'digest' : 'basic'
    const [, password] = place.login?.split(':') ?? []
    if (place.login !== undefined && !allowed(request, { scheme, password: () => password }, nonce))
      return respond(response, 401, '', { 'WWW-Authenticate': challengeOf(scheme, nonce) })
    puts.push({ path, body, authorization: request.headers.authorization })
    respond(response, 201)
  }

  return {
    served,
    puts,
    serve: (path, bytes, how) => {
      files.set(path, { bytes, ...how })
      return path
    },
    receive: (path, how) => {
      receivers.set(path, how)
      return path
    },
    answerGet,
    answerPut,
  }
}

export function respond(
  response: ServerResponse,
  status: number,
  body = '',
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'Content-Length': Buffer.byteLength(body), ...headers })
  response.end(body)
}
