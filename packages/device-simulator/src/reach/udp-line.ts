import { createSocket, type Socket } from 'node:dgram'

/** The port a device sends STUN from and hears connection requests on (TR-069 G.2.1). */
export interface UdpLine {
  open(): Promise<void>
  /** Another port, as a NAT gives after a while; nothing is told to anybody. */
  rebind(): Promise<void>
  send(message: Buffer, host: string, port: number): void
  port(): number
  close(): Promise<void>
}

export function createUdpLine(host: string, hear: (message: Buffer) => void): UdpLine {
  let socket: Socket | undefined
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      if (!socket) return resolve()
      socket.close(() => resolve())
      socket = undefined
    })
  const open = async (): Promise<void> => {
    const next = createSocket('udp4')
    next.on('message', hear)
    // What cannot be delivered is lost, as datagrams are.
    next.on('error', () => undefined)
    await new Promise<void>((resolve) => next.bind(0, host, resolve))
    socket = next
  }
  return {
    open,
    rebind: async () => {
      await close()
      await open()
    },
    send: (message, to, port) => socket?.send(message, port, to, () => undefined),
    port: () => socket?.address().port ?? 0,
    close,
  }
}
