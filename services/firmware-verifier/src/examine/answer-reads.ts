import type { QuarantinedImage } from '@sluice/image-store'
import type { FromWorker } from './messages.ts'
import { PartAway } from './start-worker.ts'

/** Parsers read headers and tables. What wants more at once is at fault. */
const MAX_READ_BYTES = 16 * 1024 * 1024

/** Brings what the worker asks for, from the image, in the order in which it asks. */
export interface ReadAnswers {
  /** How many were asked for and not brought yet. */
  readonly owed: () => number
  bring(asked: Extract<FromWorker, { kind: 'read' | 'next' }>): Promise<Uint8Array | null>
  stop(): void
}

export function answerReads(image: QuarantinedImage): ReadAnswers {
  let stream: ReturnType<QuarantinedImage['stream']> | undefined
  let pieces: AsyncIterator<Uint8Array> | undefined
  let last: Promise<unknown> = Promise.resolve()
  let owed = 0

  const readSpan = (start: number, end: number): Promise<Uint8Array> => {
    const isInside = start >= 0 && start < end && end <= image.size
    if (!isInside) throw new RangeError(`no bytes ${start} to ${end} in ${image.size}`)
    if (end - start > MAX_READ_BYTES) throw new RangeError(`${end - start} bytes are asked for at once`)
    return image.read({ first: start, last: end - 1 })
  }
  const readNext = async (): Promise<Uint8Array | null> => {
    stream ??= image.stream()
    pieces ??= stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
    const { done, value } = await pieces.next().catch(breaksOff)
    return done === true ? null : value
  }
  return {
    owed: () => owed,
    bring: (asked) => {
      owed += 1
      const answer = last.then(() => (asked.kind === 'read' ? readSpan(asked.span.start, asked.span.end) : readNext()))
      last = answer
      return answer.finally(() => (owed -= 1))
    },
    stop: () => stream?.destroy(),
  }
}

/** A stream has the errors of the file system (EIO, ESTALE), which say nothing against the image. */
function breaksOff(cause: unknown): never {
  throw new PartAway('the store of images broke off', { cause })
}
