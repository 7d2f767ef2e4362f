import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'

/**
 * Copies a stream into a response, telling of each piece once the operating system has taken it. Resolves true when all
 * of it has gone, false when the client went away first. Throws what the stream throws.
 */
export async function sendBytes(
  stream: Readable,
  response: ServerResponse,
  onWritten: (bytes: number) => void,
): Promise<boolean> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (response.destroyed) return false
      const room = response.write(chunk, (error) => {
        if (error == null) onWritten(chunk.length)
      })
      if (!room) await once(response, 'drain', { signal: gone.signal })
    }
    response.end()
    if (!response.writableFinished) await once(response, 'finish', { signal: gone.signal })
    return true
  } catch (error) {
    if (gone.signal.aborted) return response.writableFinished
    throw error
  } finally {
    stream.destroy()
  }
}
