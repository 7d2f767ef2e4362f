import { type Clock, systemClock } from './clock.ts'
import { withDeadline } from './deadline.ts'
import type { Log } from './log.ts'

export interface Drain {
  /** `close` runs at the end, last added first. */
  add(name: string, close: () => Promise<unknown>): void
  isDraining(): boolean
  /** Runs every close, one after the other, each with what is left of the deadline; never throws. Later calls wait for the first. */
  run(deadlineMs: number): Promise<void>
}

/** Ends a process's parts in the opposite order of their start. A part that fails or hangs is logged and left behind. */
export function createDrain(log: Log, clock: Clock = systemClock): Drain {
  const parts: { name: string; close: () => Promise<unknown> }[] = []
  let running: Promise<void> | undefined

  const closeAll = async (deadlineMs: number): Promise<void> => {
    const until = clock.now() + deadlineMs
    for (const { name, close } of parts.toReversed()) {
      try {
        await withDeadline(() => Promise.resolve(close()), Math.max(1, until - clock.now()), {
          clock,
          what: `closing ${name}`,
        })
      } catch (error) {
        log.error({ err: error, part: name }, 'process.part.close_failed')
      }
    }
  }
  return {
    add: (name, close) => void parts.push({ name, close }),
    isDraining: () => running !== undefined,
    run: (deadlineMs) => (running ??= closeAll(deadlineMs)),
  }
}
