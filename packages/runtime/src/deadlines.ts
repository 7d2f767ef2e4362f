import type { Clock } from './clock.ts'
import { RuntimeError } from './runtime-error.ts'

/** Looks within one deadline: it is kept to an eighth of itself. */
const LOOKS = 8

/**
 * `withDeadline` for what is asked thousands of times a second with one and the same deadline: a promise that comes in
 * time costs no timer of its own. Rejects with RuntimeError `deadline_exceeded` after `ms` to nine eighths of it.
 */
export function createDeadlines(settings: {
  readonly ms: number
  readonly clock: Clock
  readonly what: string
}): <T>(work: Promise<T>) => Promise<T> {
  const { ms, clock, what } = settings
  type Waiting = { readonly since: number; readonly reject: (error: unknown) => void }
  // In the order in which they will be late.
  const waiting = new Set<Waiting>()
  let looks = 0
  let isLooking = false

  const lookAgain = (): void => {
    isLooking = waiting.size > 0
    if (isLooking) clock.after(ms / LOOKS, look)
  }
  const look = (): void => {
    looks += 1
    for (const one of waiting) {
      // Counted, not read off a clock that may be set; the first look may come at once.
      if (looks - one.since <= LOOKS) break
      waiting.delete(one)
      one.reject(new RuntimeError('deadline_exceeded', `${what} took longer than ${ms} ms`))
    }
    lookAgain()
  }

  return (work) =>
    new Promise((resolve, reject) => {
      const one = { since: looks, reject }
      waiting.add(one)
      if (!isLooking) lookAgain()
      work.then(
        (result) => {
          waiting.delete(one)
          resolve(result)
        },
        (error: unknown) => {
          waiting.delete(one)
          reject(error)
        },
      )
    })
}
