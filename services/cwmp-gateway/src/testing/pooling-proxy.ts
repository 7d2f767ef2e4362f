import { Agent, createServer, request } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

export interface PoolingProxy {
  readonly port: number
  close(): void
}

/** As proxies are set up: every client's requests share one kept connection to each gateway, in turn, and no header says so. */
export async function openPoolingProxy(targets: readonly number[]): Promise<PoolingProxy> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  let turn = 0
  const server = createServer((incoming, outgoing) => {
    const port = targets[turn++ % targets.length]!
    const { method, url, headers } = incoming
    const forwarded = request({ agent, host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    forwarded.on('error', () => outgoing.destroy())
    incoming.pipe(forwarded)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close()
      server.closeAllConnections()
      agent.destroy()
    },
  }
}
