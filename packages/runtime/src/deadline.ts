import { type Clock, systemClock } from './clock.ts'
import { RuntimeError } from './runtime-error.ts'

/**
 * Waits no longer than `ms`: then rejects with RuntimeError `deadline_exceeded`, and aborts the signal that
 * work given as a function was handed. What the work does afterwards is ignored, its rejection included.
 */
export async function withDeadline<T>(
  work: Promise<T> | ((signal: AbortSignal) => Promise<T>),
  ms: number,
  options: { readonly clock?: Clock; readonly what?: string } = {},
): Promise<T> {
  const { clock = systemClock, what = 'it' } = options
  // Only who was handed the signal can hear it, and one costs more than the timer.
  const abort = typeof work === 'function' ? new AbortController() : undefined
  const tooLate = Promise.withResolvers<never>()
  const cancel = clock.after(ms, () => {
    const error = new RuntimeError('deadline_exceeded', `${what} took longer than ${ms} ms`)
    tooLate.reject(error)
    abort?.abort(error)
  })
  try {
    const started = typeof work === 'function' ? work(abort!.signal) : work
    return await Promise.race([started, tooLate.promise])
  } finally {
    cancel()
  }
}
