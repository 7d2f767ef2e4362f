import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { closeHttpServer, listenOnLoopback } from '../loopback.ts'

export interface RoundRobinProxy {
  readonly url: string
  readonly port: number
  /** Requests that each target has answered. */
  answered(): Record<string, number>
  setTargets(targets: readonly string[]): void
  close(): Promise<void>
}

/**
 * Sends each HTTP request to the next target, whatever connection it came on: nobody behind it may rely on stickiness. A target that refuses the
 * connection is passed over; a request whose bytes may have been sent is never sent twice: the client gets 502, or a reset if the answer had begun.
 */
export async function createRoundRobinProxy(firstTargets: readonly string[]): Promise<RoundRobinProxy> {
  let targets = [...firstTargets]
  let turn = 0
  const answered: Record<string, number> = Object.fromEntries(targets.map((target) => [target, 0]))
  // One connection per request: a kept one might turn out to be dead only after bytes were written to it.
  const agent = new Agent({ keepAlive: false })

  const server = createServer((incoming, outgoing) => {
    const order = targets.map((_, n) => targets[(turn + n) % targets.length] as string)
    turn++
    outgoing.on('error', () => {})
    tryNext(order, incoming, outgoing)
  })

  const tryNext = ([target, ...others]: string[], incoming: IncomingMessage, outgoing: ServerResponse): void => {
    if (target === undefined) return failed(incoming, outgoing)
    const attempt = request(new URL(incoming.url ?? '/', target), {
      agent,
      method: incoming.method ?? 'GET',
      headers: { ...pairs(incoming.rawHeaders), connection: 'close' },
      setHost: false,
    })
    let connected = false
    attempt.on('socket', (socket) =>
      socket.once('connect', () => {
        connected = true
        incoming.pipe(attempt)
      }),
    )
    attempt.on('response', (answer) => {
      answered[target] = (answered[target] ?? 0) + 1
      outgoing.writeHead(answer.statusCode ?? 502, answer.statusMessage, pairs(answer.rawHeaders))
      answer.pipe(outgoing)
      answer.on('error', () => outgoing.destroy())
    })
    attempt.on('error', () => {
      if (connected) failed(incoming, outgoing)
      else tryNext(others, incoming, outgoing)
    })
    outgoing.on('close', () => attempt.destroy())
  }

  const port = await listenOnLoopback(server)
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    answered: () => ({ ...answered }),
    setTargets: (next) => {
      targets = [...next]
    },
    close: async () => {
      agent.destroy()
      await closeHttpServer(server)
    },
  }
}

function failed(incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (outgoing.headersSent) return void outgoing.destroy()
  outgoing.writeHead(502, { 'content-type': 'text/plain', connection: 'close' }).end('no target took the request\n')
  incoming.resume()
}

/** Headers as they came, in their order and case, repeated ones as lists; without those about one connection (RFC 9110 7.6.1). */
function pairs(raw: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  for (let n = 0; n < raw.length; n += 2) {
    const name = raw[n] as string
    const value = raw[n + 1] as string
    if (/^(connection|keep-alive)$/i.test(name)) continue
    headers[name] = name in headers ? [headers[name] as string | string[], value].flat() : value
  }
  return headers
}
