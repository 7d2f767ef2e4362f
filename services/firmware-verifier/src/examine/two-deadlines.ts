import type { Cancel, Clock } from '@sluice/runtime'

/** Whose turn it is: the examination's, which looks at bytes, or the medium's, which has to bring some. */
export type Turn = 'examination' | 'medium'

export interface TwoDeadlines {
  switchTo(turn: Turn): void
  stop(): void
}

/**
 * Gives each of the two `ms` of its own, however often they take turns: an image that keeps its reader busy is told from
 * a medium that does not answer. `onOver` is called once, with who took too long.
 */
export function twoDeadlines(clock: Clock, ms: number, onOver: (turn: Turn) => void): TwoDeadlines {
  const left = { examination: ms, medium: ms }
  let turn: Turn = 'examination'
  let since = performance.now()
  let cancel = arm()
  return {
    switchTo: (next) => {
      if (next === turn) return
      cancel()
      const now = performance.now()
      left[turn] -= now - since
      turn = next
      since = now
      cancel = arm()
    },
    stop: () => cancel(),
  }

  function arm(): Cancel {
    return clock.after(Math.max(0, left[turn]), () => onOver(turn))
  }
}
