import { request as httpRequest, type Agent, type IncomingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { TlsSettings } from './settings.ts'

export interface Exchange {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer
  /** Send the body in chunks without a Content-Length. */
  readonly chunked?: boolean
  /** Waits for 100 before it sends the body. */
  readonly expectsContinue?: boolean
  readonly tls?: TlsSettings
  /** Kept between the POSTs of a session; without it the connection is closed after the answer. */
  readonly agent?: Agent
  readonly signal: AbortSignal
  /** Longest silence of the peer, in ms. */
  readonly timeoutMs: number
  readonly maxBytes: number
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Every WWW-Authenticate and Set-Cookie header by itself. */
  readonly challenges: readonly string[]
  readonly cookies: readonly string[]
  readonly body: Buffer
  /** False when the peer cut the answer short. */
  readonly complete: boolean
}

/** Why no answer came. */
export type ExchangeFailure = 'unreachable' | 'time_out' | 'too_large' | 'aborted'

export class ExchangeError extends Error {
  readonly failure: ExchangeFailure
  constructor(failure: ExchangeFailure, cause?: unknown) {
    super(`no HTTP answer: ${failure}`, { cause })
    this.name = 'ExchangeError'
    this.failure = failure
  }
}

/** One HTTP request and its whole answer. Throws ExchangeError when there is none. */
export function exchange(order: Exchange): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const send = order.url.protocol === 'https:' ? httpsRequest : httpRequest
    const body = order.body ?? Buffer.alloc(0)
    const length: Record<string, string> =
      order.method === 'GET' || order.chunked ? {} : { 'Content-Length': String(body.length) }
    if (order.expectsContinue) length['Expect'] = '100-continue'
    const request = send(order.url, {
      method: order.method,
      headers: { ...order.headers, ...length },
      agent: order.agent ?? false,
      ...order.tls,
      signal: order.signal,
      timeout: order.timeoutMs,
    })
    const fail = (failure: ExchangeFailure, cause?: unknown): void => {
      reject(new ExchangeError(order.signal.aborted ? 'aborted' : failure, cause))
    }
    request.on('timeout', () => {
      fail('time_out')
      request.destroy()
    })
    request.on('error', (error) => fail('unreachable', error))
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        chunks.push(chunk)
        if (size <= order.maxBytes) return
        fail('too_large')
        request.destroy()
      })
      response.on('error', () => undefined) // `close` follows and tells whether the answer is whole
      response.on('close', () => {
        if (order.signal.aborted) return fail('aborted')
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          challenges: response.headersDistinct['www-authenticate'] ?? [],
          cookies: response.headersDistinct['set-cookie'] ?? [],
          body: Buffer.concat(chunks),
          complete: response.complete,
        })
      })
    })
    const finish = (): void => {
      if (!order.chunked || body.length === 0) return void request.end(body)
      const middle = Math.floor(body.length / 2)
      request.write(body.subarray(0, middle))
      request.end(body.subarray(middle))
    }
    if (!order.expectsContinue) return finish()
    request.once('continue', finish)
    request.flushHeaders()
  })
}
