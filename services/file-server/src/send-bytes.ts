import type { ServerResponse } from 'node:http'

/**
 * Writes pieces into a response, one after the other, telling of each once the operating system has taken it. Resolves
 * true when all of them have gone, false when the client went away first. Throws what the source of the pieces throws.
 */
export async function sendBytes(
  pieces: AsyncIterable<Uint8Array>,
  response: ServerResponse,
  onWritten: (bytes: number) => void,
): Promise<boolean> {
  const { socket } = response.req
  let giveUp = () => undefined as void
  const taken = (write: (done: (error?: Error | null) => void) => void) =>
    new Promise<boolean>((resolve) => {
      giveUp = () => resolve(false)
      if (socket.destroyed) giveUp()
      else write((error) => resolve(error == null))
    })
  // An answer that waits behind another one on the same connection hears nothing when that connection goes.
  const onClose = () => giveUp()
  socket.once('close', onClose)
  try {
    for await (const piece of pieces) {
      if (!(await taken((done) => response.write(piece, done)))) return false
      onWritten(piece.length)
    }
    return await taken((done) => response.end(done))
  } finally {
    socket.off('close', onClose)
  }
}
