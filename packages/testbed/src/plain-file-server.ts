import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join, normalize } from 'node:path'
import { closeHttpServer, listenOnLoopback } from './loopback.ts'

export interface PlainFileServer {
  readonly url: string
  readonly port: number
  /** Per path: requests and body bytes written. */
  counters(): Record<string, { requests: number; bytes: number }>
  close(): Promise<void>
}

/** The HTTP server an operator already has: GET and HEAD of whole files below `directory`, nothing else, no ranges. */
export async function plainFileServer(directory: string): Promise<PlainFileServer> {
  const counters: Record<string, { requests: number; bytes: number }> = {}
  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const path = decodeURIComponent(new URL(incoming.url ?? '/', 'http://x').pathname)
    const counter = (counters[path] ??= { requests: 0, bytes: 0 })
    counter.requests++
    // normalize() of an absolute path cannot climb above its root.
    const file = join(directory, normalize(path))
    const facts = await stat(file).catch(() => undefined)
    if (!facts?.isFile()) return void outgoing.writeHead(404).end()
    outgoing.writeHead(200, { 'content-length': facts.size, 'content-type': 'application/octet-stream' })
    if (incoming.method === 'HEAD') return void outgoing.end()
    const stream = createReadStream(file)
    stream.on('data', (chunk) => (counter.bytes += chunk.length))
    stream.on('error', () => outgoing.destroy())
    outgoing.on('close', () => stream.destroy())
    stream.pipe(outgoing)
  }
  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => outgoing.destroy())
  })
  const port = await listenOnLoopback(server)
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    counters: () => structuredClone(counters),
    close: () => closeHttpServer(server),
  }
}
