/** Stops a timer. Calling it twice does nothing. */
export type Cancel = () => void

/** Time as a part, so that everything that waits can be driven by a test. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  after(ms: number, run: () => void): Cancel
  every(ms: number, run: () => void): Cancel
  sleep(ms: number): Promise<void>
}

/** `setTimeout` fires at once beyond this: longer waits go in several hops. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Real time. Its timers never keep a process alive: who must stay alive holds a server or a connection. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const due = performance.now() + ms
    let timer: NodeJS.Timeout
    const arm = (left: number): void => {
      timer = setTimeout(
        () => {
          const rest = due - performance.now()
          if (rest > LONGEST_TIMER_MS || left > LONGEST_TIMER_MS) arm(Math.max(0, rest))
          else run()
        },
        Math.min(Math.max(0, left), LONGEST_TIMER_MS),
      )
      timer.unref()
    }
    arm(ms)
    return () => clearTimeout(timer)
  },
  every(ms, run) {
    const timer = setInterval(run, Math.min(ms, LONGEST_TIMER_MS))
    timer.unref()
    return () => clearInterval(timer)
  },
  sleep: (ms) =>
    new Promise((resolve) => {
      // A sleeper is somebody's pending work: this one does keep the process alive.
      setTimeout(resolve, Math.min(Math.max(0, ms), LONGEST_TIMER_MS))
    }),
}
