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
  let wake = () => undefined as void
  // A piece behind another answer on the same connection is never called back when that connection goes.
  response.once('close', () => wake())
  const taken = (write: (done: (error?: Error | null) => void) => void) =>
    new Promise<boolean>((resolve) => {
      wake = () => resolve(false)
      if (response.destroyed) return wake()
      write((error) => resolve(error == null))
    })
  for await (const piece of pieces) {
    if (!(await taken((done) => response.write(piece, done)))) return false
    onWritten(piece.length)
  }
  return taken((done) => response.end(done))
}
