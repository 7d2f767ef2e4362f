import { Worker } from 'node:worker_threads'
import type { FromWorker } from './messages.ts'

/** Something other than the image is at fault: it is looked at again later. The bus goes by the code. */
export class PartAway extends Error {
  override readonly name = 'PartAway'
  readonly code = 'unavailable'
}

/** A thread that has begun to listen. It sees no environment: the secrets of the service stay with it. */
export async function startWorker(entry: URL, memoryMb: number): Promise<Worker> {
  const worker = new Worker(entry, {
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
  })
  // An idle thread keeps no process alive.
  worker.unref()
  // One that breaks off while nobody asks it anything is started anew when somebody does.
  worker.on('error', () => undefined)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const hear = (message: FromWorker) => {
    if (message.kind === 'ready') resolve()
  }
  const die = (error: unknown) => reject(new PartAway('the thread that reads images did not start', { cause: error }))
  worker.on('message', hear).on('error', die).on('exit', die)
  try {
    await promise
    return worker
  } finally {
    worker.off('message', hear).off('error', die).off('exit', die)
  }
}
