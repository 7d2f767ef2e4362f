import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { waitUntil } from '@sluice/testbed'

export interface UdpPeer {
  readonly port: number
  readonly received: readonly Buffer[]
  /** Ports they came from. */
  readonly sources: readonly number[]
  send(bytes: Uint8Array, port: number): Promise<void>
  /** Sends, and waits for the next datagram that comes. */
  ask(bytes: Uint8Array, port: number): Promise<Buffer>
  stop(): Promise<void>
}

/** Somebody on the network: a CPE, or who would like to pass for one. */
export async function startUdpPeer(address = '127.0.0.1'): Promise<UdpPeer> {
  const socket = createSocket('udp4')
  socket.bind(0, address)
  await once(socket, 'listening')
  const received: Buffer[] = []
  const sources: number[] = []
  socket.on('message', (bytes, { port }) => {
    received.push(bytes)
    sources.push(port)
  })
  const send = (bytes: Uint8Array, port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      socket.send(bytes, port, '127.0.0.1', (error) => (error ? reject(error) : resolve()))
    })
  return {
    port: socket.address().port,
    received,
    sources,
    send,
    async ask(bytes, port) {
      const before = received.length
      await send(bytes, port)
      await waitUntil(() => received.length > before)
      return received.at(-1)!
    },
    stop: () => new Promise((resolve) => void socket.close(() => resolve())),
  }
}
