export interface Ticker {
  /** Has the work done now, or once more after what is under way. */
  wake(): void
  /** Starts nothing any more, and resolves once what is under way has ended. */
  stop(): Promise<void>
}

/** Runs work once at a time, and again while it answers that there is more. The work must not throw. */
export function createTicker(work: () => Promise<boolean>): Ticker {
  let running: Promise<void> | undefined
  let woken = false
  let stopped = false

  const run = async (): Promise<void> => {
    while (woken && !stopped) {
      woken = false
      if (await work()) woken = true
    }
    running = undefined
  }
  return {
    wake() {
      woken = true
      if (!stopped) running ??= run()
    },
    async stop() {
      stopped = true
      await running
    },
  }
}
