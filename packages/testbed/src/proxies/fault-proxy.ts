import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { listenOnLoopback } from '../loopback.ts'
import { carry, type Carriage } from './carry.ts'

/** How the line behaves; everything absent is healthy. Changes take effect at once, also on open connections. */
export type Fault = {
  /** Delay of every chunk, each way. */
  readonly latencyMs?: number
  /** Each way and per connection. */
  readonly bytesPerSecond?: number
  /** Connections stay open and nothing passes, either way. What was sent meanwhile passes later. */
  readonly blackhole?: boolean
  /** New connections are reset at once. */
  readonly refuse?: boolean
  /** Resets a connection after this many bytes of the answer. */
  readonly cutAfterBytes?: number
}

export interface FaultProxy {
  readonly port: number
  readonly host: string
  /** `host:port`; put your scheme in front. */
  readonly address: string
  /** Replaces the present fault. `{}` heals. */
  set(fault: Fault): void
  /** Resets every open connection (RST). */
  reset(): void
  /** Ends one direction of every open connection; the other one goes on. */
  halfClose(side: 'to_client' | 'to_target'): void
  /** Connections open now, and accepted ever. */
  connections(): { open: number; total: number }
  close(): Promise<void>
}

type Line = { readonly client: Socket; readonly target: Socket; readonly carriages: Carriage[] }

/** A TCP proxy whose line can be made bad at run time. `target` is `host:port` or a URL with a port. */
export async function createFaultProxy({ target }: { target: string }): Promise<FaultProxy> {
  const { hostname, port: targetPort } = new URL(target.includes('://') ? target : `tcp://${target}`)
  const lines = new Set<Line>()
  let fault: Fault = {}
  let total = 0

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    total++
    client.on('error', () => {})
    if (fault.refuse) return void client.resetAndDestroy()

    const upstream = connect({ host: hostname, port: Number(targetPort), allowHalfOpen: true, noDelay: true })
    const line: Line = { client, target: upstream, carriages: [] }
    lines.add(line)
    const drop = () => {
      lines.delete(line)
      client.resetAndDestroy()
      upstream.resetAndDestroy()
    }
    upstream.on('error', drop)
    client.on('error', drop)
    for (const socket of [client, upstream]) {
      socket.on('close', () => {
        if (client.closed && upstream.closed) lines.delete(line)
      })
    }
    line.carriages.push(
      carry(client, upstream, () => fault),
      carry(upstream, client, () => fault, { onCut: drop }),
    )
  })
  const port = await listenOnLoopback(server)

  const resetAll = () => {
    for (const line of lines) {
      line.client.resetAndDestroy()
      line.target.resetAndDestroy()
    }
    lines.clear()
  }
  return {
    port,
    host: '127.0.0.1',
    address: `127.0.0.1:${port}`,
    set: (next) => {
      fault = next
      for (const line of lines) for (const carriage of line.carriages) carriage.lookAgain()
    },
    reset: resetAll,
    halfClose: (side) => {
      for (const line of lines) (side === 'to_client' ? line.client : line.target).end()
    },
    connections: () => ({ open: lines.size, total }),
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      resetAll()
      await closed
    },
  }
}
