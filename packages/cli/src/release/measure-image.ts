import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'

/** Reads a file once, in memory that does not grow with it. */
export async function measureImage(file: string): Promise<{ readonly size: number; readonly sha256: string }> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    size += chunk.length
  }
  return { size, sha256: hash.digest('hex') }
}
