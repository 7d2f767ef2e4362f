import { once } from 'node:events'
import { createServer } from 'node:net'
import { listenOnLoopback } from './loopback.ts'

/** A loopback port nobody listens on right now. Someone else may take it before you do: retry a failed start. */
export async function freePort(): Promise<number> {
  const probe = createServer()
  const port = await listenOnLoopback(probe)
  probe.close()
  await once(probe, 'close')
  return port
}
