import { addAbortSignal, Readable } from 'node:stream'

/** Ends with the signal, also where the source is in the middle of nothing: who waits for its next bytes is let go. */
export function abortable(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncIterable<Uint8Array> {
  if (signal === undefined) return source
  return source instanceof Readable ? addAbortSignal(signal, source) : untilAborted(source, signal)
}

async function* untilAborted(source: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]()
  let letGo: () => void = () => undefined
  const onAbort = () => letGo()
  signal.addEventListener('abort', onAbort)
  try {
    for (;;) {
      signal.throwIfAborted()
      const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        letGo = () => reject(signal.reason as Error)
        iterator.next().then(resolve, reject)
      })
      if (next.done === true) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    // Not awaited: it comes to an end only after the bytes that do not come.
    iterator.return?.().catch(() => undefined)
  }
}
