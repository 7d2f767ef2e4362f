import type { Socket } from 'node:dgram'
import { once } from 'node:events'

/** Resolves to the port; rejects where it is taken. */
export async function bindUdp(socket: Socket, address: string, port: number): Promise<number> {
  socket.bind({ address, port })
  await once(socket, 'listening')
  return socket.address().port
}

/** Closing twice, or before it was bound, is fine. */
export function closeUdp(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    try {
      socket.close(() => resolve())
    } catch {
      resolve()
    }
  })
}
