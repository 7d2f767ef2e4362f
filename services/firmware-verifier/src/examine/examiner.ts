import { Worker } from 'node:worker_threads'
import type { Findings } from '@sluice/firmware'
import type { ImageStore, QuarantinedImage } from '@sluice/image-store'
import type { Clock } from '@sluice/runtime'
import { answerReads } from './answer-reads.ts'
import type { AskedOfWorker, FromWorker, ToWorker } from './messages.ts'
import { twoDeadlines } from './two-deadlines.ts'
import { PartAway, startWorker } from './start-worker.ts'

/** What came of looking at an image. Where a part was away (the medium, a thread), it is thrown: the image comes again. */
export type Examined =
  | { readonly kind: 'examined'; readonly findings: Findings }
  | { readonly kind: 'absent' }
  /** The image kept its reader from ending. It would the next time: that is the verdict. */
  | { readonly kind: 'gave_up'; readonly code: GaveUp; readonly detail: string }

export type GaveUp = 'examination_out_of_memory' | 'examination_timed_out' | 'examination_failed'

export interface Examiner {
  /** Reads an image in quarantine, in a thread of its own. One at a time. */
  examine(artifactId: string, asked: Omit<AskedOfWorker, 'size'>): Promise<Examined>
  stop(): Promise<void>
}

export interface ExaminerSettings {
  /** How long the examination may take, and how long the medium may take to bring the image: each of them. */
  readonly deadlineMs: number
  /** What the worker may hold of JavaScript values, and as much again of buffers beside those it is done with. */
  readonly memoryMb: number
  readonly worker?: URL
}

const WORKER = new URL('./worker.main.ts', import.meta.url)
const WATCH_MS = 100
/**
 * What has gone by and waits for the garbage collector: up to 88 MB of an image of 512 MiB were seen (Node 26). Once too
 * much says nothing yet against an image.
 */
const UNCOLLECTED_BYTES = 128 * 1_048_576

/** Examines images in a worker thread that hostile bytes may end, and that is started anew when they did. */
export function createExaminer(images: ImageStore, clock: Clock, settings: ExaminerSettings): Examiner {
  const { memoryMb, worker: entry = WORKER } = settings
  let current: Worker | undefined
  const discard = (worker: Worker) => {
    if (current === worker) current = undefined
    // Not awaited: a thread whose reads hang in the medium ends when they do.
    void worker.terminate()
  }
  const started = async () => {
    const worker = await startWorker(entry, memoryMb)
    return worker.once('exit', () => {
      if (current === worker) current = undefined
    })
  }
  const examineBy = async (worker: Worker, image: QuarantinedImage, asked: AskedOfWorker) => {
    try {
      const examined = await converse(worker, image, asked, clock, settings)
      if (examined.kind === 'gave_up') discard(worker)
      return examined
    } catch (error) {
      discard(worker)
      throw error
    }
  }
  return {
    examine: async (artifactId, asked) => {
      const image = await openImage(images, artifactId, clock, settings.deadlineMs)
      if (image.kind === 'absent') return image
      try {
        return await examineBy((current ??= await started()), image, { ...asked, size: image.size })
      } finally {
        void image.close().catch(() => undefined)
      }
    },
    stop: async () => {
      await current?.terminate()
      current = undefined
    },
  }
}

async function openImage(images: ImageStore, artifactId: string, clock: Clock, ms: number) {
  const opening = images.openQuarantined(artifactId)
  const { promise, reject } = Promise.withResolvers<never>()
  const cancel = clock.after(ms, () => reject(new PartAway('the store of images did not open one in time')))
  try {
    return await Promise.race([opening, promise])
  } catch (error) {
    // One that comes late is nobody's: a FileHandle that is left to the garbage collector throws (Node, DEP0137).
    void opening.then((late) => (late.kind === 'open' ? late.close() : undefined)).catch(() => undefined)
    throw error
  } finally {
    cancel()
  }
}

/** One image: what the worker asks for is brought until it has found out all it was asked, or cannot. */
function converse(
  worker: Worker,
  image: QuarantinedImage,
  asked: AskedOfWorker,
  clock: Clock,
  { deadlineMs, memoryMb }: ExaminerSettings,
): Promise<Examined> {
  const { promise, resolve, reject } = Promise.withResolvers<Examined>()
  const giveUp = (code: GaveUp, detail: string) => resolve({ kind: 'gave_up', code, detail })
  const send = (message: ToWorker, owned: ArrayBuffer[] = []) => worker.postMessage(message, owned)
  const reads = answerReads(image)
  const deadlines = twoDeadlines(clock, deadlineMs, (turn) => {
    if (turn === 'medium') reject(new PartAway(`the store of images took longer than ${deadlineMs} ms`))
    else giveUp('examination_timed_out', `reading it took longer than ${deadlineMs} ms`)
  })

  const bring = async (message: Extract<FromWorker, { kind: 'read' | 'next' }>) => {
    deadlines.switchTo('medium')
    const bytes = await reads.bring(message)
    if (reads.owed() === 0) deadlines.switchTo('examination')
    const owned = bytes === null ? null : inMemoryOfItsOwn(bytes)
    send({ kind: 'bytes', bytes: owned }, owned === null ? [] : [owned.buffer])
  }
  const hear = (message: FromWorker) => {
    if (message.kind === 'found') resolve({ kind: 'examined', findings: message.findings })
    else if (message.kind !== 'ready') {
      bring(message).catch((error: unknown) => {
        if (error instanceof RangeError) giveUp('examination_failed', error.message)
        else reject(error as Error)
      })
    }
  }
  const die = (error: Error & { code?: string }) => {
    if (error.code === 'ERR_WORKER_OUT_OF_MEMORY')
      giveUp('examination_out_of_memory', `it takes more than ${memoryMb} MB to read`)
    else giveUp('examination_failed', 'its reader broke off')
  }
  const end = () => giveUp('examination_failed', 'its reader ended')
  let timesOver = 0
  const stopWatching = clock.every(WATCH_MS, () => {
    void buffersOf(worker).then((bytes) => {
      timesOver = bytes > UNCOLLECTED_BYTES + memoryMb * 1_048_576 ? timesOver + 1 : 0
      if (timesOver > 1) {
        giveUp('examination_out_of_memory', `it takes more than ${memoryMb} MB of buffers to read`)
      }
    })
  })
  worker.on('message', hear).on('error', die).on('exit', end)
  send({ kind: 'examine', asked })
  return promise.finally(() => {
    deadlines.stop()
    stopWatching()
    reads.stop()
    worker.off('message', hear).off('error', die).off('exit', end)
  })
}

/** Bytes that may be handed to another thread without a copy; a piece of a larger buffer is copied. */
function inMemoryOfItsOwn(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer
  return whole ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes)
}

/** The limits of a worker are on its JavaScript heap alone: what lies in buffers has to be looked at. */
async function buffersOf(worker: Worker): Promise<number> {
  try {
    return (await worker.getHeapStatistics()).external_memory
  } catch {
    // It has ended, which is heard of otherwise.
    return 0
  }
}
