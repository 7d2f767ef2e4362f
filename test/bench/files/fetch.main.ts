import { connect } from 'node:net'
import type { FetchOrder, FetchResult } from './start-fetcher.ts'

const CHUNK_BYTES = 256 * 1024

/** Devices that throw away what they are sent, into one buffer for all, in a process of their own. */
process.on('message', (order: FetchOrder) => {
  fetchAll(order).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ failed: error instanceof Error ? error.message : String(error) }),
  )
})

/** Each path once, so many at a time, each on a connection of its own. */
async function fetchAll({ port, paths, connections, bytesEach, range }: FetchOrder): Promise<FetchResult> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  const waiting = [...paths]
  const started = performance.now()
  let bytes = 0
  const fetchNext = async () => {
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      const got = await fetchOne(port, path, buffer, range)
      if (got < bytesEach) throw new Error(`${got} bytes instead of ${bytesEach} and a head`)
      bytes += bytesEach
    }
  }
  await Promise.all(Array.from({ length: connections }, fetchNext))
  return { bytes, seconds: (performance.now() - started) / 1_000 }
}

function fetchOne(port: number, path: string, buffer: Buffer, range?: string): Promise<number> {
  const asked = range === undefined ? '' : `Range: ${range}\r\n`
  return new Promise((resolve, reject) => {
    let got = 0
    const callback = (bytes: number) => {
      got += bytes
      return true
    }
    const socket = connect({ host: '127.0.0.1', port, onread: { buffer, callback } })
    socket.on('error', reject)
    socket.on('close', () => resolve(got))
    socket.write(`GET ${path} HTTP/1.1\r\nHost: files\r\n${asked}Connection: close\r\n\r\n`)
  })
}
