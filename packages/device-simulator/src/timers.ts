/** The timers of one device: when it is stopped or goes silent, none of them is left. */
export interface Timers {
  after(ms: number, act: () => void): { cancel(): void }
  /** Rejects with TimersCleared when the timers are cleared first. */
  wait(ms: number): Promise<void>
  clear(): void
  count(): number
}

export class TimersCleared extends Error {
  constructor() {
    super('the device was switched off')
    this.name = 'TimersCleared'
  }
}

export function createTimers(): Timers {
  const running = new Map<NodeJS.Timeout, () => void>()
  let closed = false
  const start = (ms: number, act: () => void, cleared: () => void): { cancel(): void } => {
    if (closed) {
      cleared()
      return { cancel: () => undefined }
    }
    const handle = setTimeout(() => {
      running.delete(handle)
      act()
    }, ms)
    running.set(handle, cleared)
    return {
      cancel: () => {
        clearTimeout(handle)
        running.delete(handle)
      },
    }
  }
  return {
    after: (ms, act) => start(ms, act, () => undefined),
    wait: (ms) => new Promise((resolve, reject) => void start(ms, resolve, () => reject(new TimersCleared()))),
    clear: () => {
      closed = true
      for (const [handle, cleared] of running) {
        clearTimeout(handle)
        cleared()
      }
      running.clear()
    },
    count: () => running.size,
  }
}
