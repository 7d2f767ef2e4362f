import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'

/** A server of images that says exactly what a test has it say, byte for byte. */
export interface RawSource {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  readonly port: number
  /** Connections it took, ever. */
  connections(): number
  /** Connections that are open now. */
  open(): number
  /** Bytes that it was allowed to write, ever: what its own buffers took counts as well. */
  written(): number
  /** The heads of the requests it read. */
  heads(): readonly string[]
  close(): Promise<void>
}

/** `answer` is called once for each request head; it owns the socket from then on. */
export async function startRawSource(
  answer: (socket: Socket, head: string) => void,
  host = '127.0.0.1',
): Promise<RawSource> {
  const sockets = new Set<Socket>()
  const heads: string[] = []
  let connections = 0
  let written = 0
  const server = createServer((socket) => {
    connections++
    sockets.add(socket)
    let head = ''
    socket.on('error', () => undefined)
    socket.on('close', () => {
      sockets.delete(socket)
      written += socket.bytesWritten
    })
    socket.on('data', function read(chunk: Buffer) {
      head += chunk.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      socket.off('data', read)
      socket.resume()
      heads.push(head)
      answer(socket, head)
    })
  })
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host}:${port}`,
    port,
    connections: () => connections,
    open: () => sockets.size,
    written: () => written + [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, 0),
    heads: () => heads,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** Writes the same for ever, as fast as it is taken, or each `everyMs`. */
export function writeForEver(socket: Socket, chunk: Uint8Array | string, everyMs = 0): void {
  if (everyMs > 0) {
    const timer = setInterval(() => socket.write(chunk), everyMs)
    socket.on('close', () => clearInterval(timer))
    return
  }
  const more = () => {
    while (!socket.destroyed && socket.write(chunk));
  }
  socket.on('drain', more)
  more()
}
