import type { Cancel, Clock } from './clock.ts'

export interface ManualClock extends Clock {
  /** Moves time on and runs what falls due, in order of due time, then of arming. Promises settle between two timers. */
  advance(ms: number): Promise<void>
  /** Timers that are armed. */
  pending(): number
}

interface Timer {
  dueAt: number
  readonly order: number
  readonly everyMs: number | undefined
  readonly run: () => void
}

/** Time that stands still until a test moves it. */
export function createManualClock(startMs: number): ManualClock {
  let now = startMs
  let order = 0
  const timers = new Set<Timer>()

  const arm = (ms: number, run: () => void, everyMs?: number): Cancel => {
    const timer: Timer = { dueAt: now + Math.max(0, ms), order: order++, everyMs, run }
    timers.add(timer)
    return () => void timers.delete(timer)
  }
  const nextDue = (until: number): Timer | undefined =>
    [...timers].filter((timer) => timer.dueAt <= until).toSorted((a, b) => a.dueAt - b.dueAt || a.order - b.order)[0]

  return {
    now: () => now,
    after: (ms, run) => arm(ms, run),
    every: (ms, run) => arm(ms, run, Math.max(1, ms)),
    sleep: (ms) => new Promise((resolve) => void arm(ms, resolve)),
    pending: () => timers.size,
    async advance(ms) {
      const until = now + ms
      await settlePromises()
      for (let timer = nextDue(until); timer !== undefined; timer = nextDue(until)) {
        now = timer.dueAt
        if (timer.everyMs === undefined) timers.delete(timer)
        else timer.dueAt += timer.everyMs
        timer.run()
        await settlePromises()
      }
      now = until
    },
  }
}

/** A turn of the event loop: every promise that can settle without I/O has. */
function settlePromises(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
