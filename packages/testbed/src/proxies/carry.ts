import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from './fault-proxy.ts'

export type Carriage = {
  /** Call it when the fault has changed. */
  readonly lookAgain: () => void
}

/** Moves bytes from one socket to another under the present fault, with back-pressure, until `from` ends. */
export function carry(from: Socket, to: Socket, fault: () => Fault, { onCut }: { onCut?: () => void } = {}): Carriage {
  let lookAgain = () => {}
  let carried = 0
  to.once('close', () => lookAgain())

  const healthyAgain = async () => {
    while (fault().blackhole && !to.destroyed) await new Promise<void>((resolve) => (lookAgain = resolve))
  }

  const send = async (bytes: Buffer) => {
    const { bytesPerSecond, cutAfterBytes } = fault()
    const left = onCut && cutAfterBytes !== undefined ? Math.max(0, cutAfterBytes - carried) : bytes.length
    const passing = bytes.subarray(0, left)
    if (bytesPerSecond !== undefined) await sleep((passing.length / bytesPerSecond) * 1000)
    carried += passing.length
    if (passing.length > 0 && !to.destroyed && !to.write(passing)) {
      await new Promise<void>((resolve) => {
        to.once('drain', resolve)
        to.once('close', resolve)
      })
    }
    if (passing.length < bytes.length) {
      await new Promise((resolve) => setImmediate(resolve))
      onCut?.()
    }
  }

  const run = async () => {
    // Without destroyOnReturn:false the end of one direction would destroy the other one too.
    for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      const { latencyMs } = fault()
      if (latencyMs !== undefined) await sleep(latencyMs)
      for (const piece of pieces(chunk, fault().bytesPerSecond)) {
        await healthyAgain()
        await send(piece)
      }
    }
    await healthyAgain()
    to.end()
  }
  // A reset of either side ends here; the proxy's own handlers clean up.
  void run().catch(() => {})
  return { lookAgain: () => lookAgain() }
}

/** A throttled line hands bytes on in twentieths of a second. */
function* pieces(chunk: Buffer, bytesPerSecond: number | undefined): Iterable<Buffer> {
  const size = bytesPerSecond === undefined ? chunk.length : Math.max(1, Math.floor(bytesPerSecond / 20))
  for (let at = 0; at < chunk.length; at += size) yield chunk.subarray(at, at + size)
}
