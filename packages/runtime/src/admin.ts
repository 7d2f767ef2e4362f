import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Clock, systemClock } from './clock.ts'
import { withDeadline } from './deadline.ts'
import type { Log } from './log.ts'

/** Whether a part can do its work now. A throw, or no answer within a second, is a no. */
export type Check = () => boolean | Promise<boolean>

export interface Admin {
  readonly port: number
  readonly url: string
  close(): Promise<void>
}

export interface AdminSettings {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  readonly checks: () => Readonly<Record<string, Check>>
  readonly isDraining?: () => boolean
  /** Answers `/metrics`; 404 without. */
  readonly metrics?: ((request: IncomingMessage, response: ServerResponse) => void) | undefined
  readonly log: Log
  readonly clock?: Clock
}

const CHECK_DEADLINE_MS = 1_000

/**
 * The admin server of a process: `/livez` says that the event loop turns, and nothing else; `/readyz` that every
 * check passes and no drain began (200 or 503, with the names); `/metrics` is for Prometheus.
 */
export async function createAdmin(settings: AdminSettings): Promise<Admin> {
  const { checks, isDraining = () => false, metrics, log, clock = systemClock } = settings

  const readiness = async (): Promise<{ ready: boolean; draining: boolean; checks: Record<string, 'up' | 'down'> }> => {
    const results = await Promise.all(
      Object.entries(checks()).map(async ([name, check]) => [name, await passes(check, clock)] as const),
    )
    const draining = isDraining()
    return {
      ready: !draining && results.every(([, up]) => up),
      draining,
      checks: Object.fromEntries(results.map(([name, up]) => [name, up ? 'up' : 'down'])),
    }
  }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url?.split('?')[0]
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, { error: 'GET only' })
    if (path === '/livez') return send(response, 200, { live: true })
    if (path === '/readyz') {
      const state = await readiness()
      return send(response, state.ready ? 200 : 503, state)
    }
    if (path === '/metrics' && metrics !== undefined) return metrics(request, response)
    send(response, 404, { error: 'there are /livez, /readyz and /metrics' })
  }

  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, (request, response) => {
    answer(request, response).catch((error: unknown) => {
      log.error({ err: error }, 'admin.request.failed')
      response.destroy()
    })
  })
  server.listen(settings.port, settings.host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host
  log.info({ host: settings.host, port }, 'admin.listening')

  return {
    port,
    url: `http://${host}:${port}`,
    async close() {
      server.close()
      server.closeAllConnections()
      if (server.listening) await once(server, 'close')
    },
  }
}

async function passes(check: Check, clock: Clock): Promise<boolean> {
  try {
    return await withDeadline(async () => check(), CHECK_DEADLINE_MS, { clock })
  } catch {
    return false
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body) + '\n')
}
