import type { Clock } from '@sluice/runtime'
import { METRICS } from './observability.ts'
import { type Budget, createBudget } from './pacing.ts'
import { PIECE_BYTES } from './piece-cache.ts'

export interface PaceSettings {
  /** Of the whole process; 0: as fast as it goes. */
  readonly bytesPerSecond: number
  /** Of one transfer; 0: as fast as it goes. */
  readonly transferBytesPerSecond: number
}

export interface Pacer {
  /** At most so many bytes go in one piece. */
  readonly pieceBytes: number
  /** For one transfer: resolves when the bytes may go. Null: nothing is paced. */
  readonly join: (() => (bytes: number) => Promise<void>) | null
}

/** Below it a piece costs more than its bytes. */
export const LEAST_PIECE = 16 * 1024
const PIECES_PER_SECOND = 64
const BURST_S = 0.25

/** Small pieces where the rate is low: turns are short then, and no device takes a pause for the end. */
export function createPacer(clock: Clock, { bytesPerSecond, transferBytesPerSecond }: PaceSettings): Pacer {
  const rates = [bytesPerSecond, transferBytesPerSecond].filter((rate) => rate > 0)
  if (rates.length === 0) return { pieceBytes: PIECE_BYTES, join: null }
  const all = budgetOf(bytesPerSecond)
  const until = async (budget: Budget | null, bytes: number) => {
    const ms = budget === null ? 0 : budget.spend(bytes, clock.now())
    if (ms === 0) return
    METRICS.paced.add(ms / 1_000)
    await clock.sleep(Math.ceil(ms))
  }
  return {
    pieceBytes: Math.min(PIECE_BYTES, Math.max(LEAST_PIECE, Math.floor(Math.min(...rates) / PIECES_PER_SECOND))),
    join: () => {
      const own = budgetOf(transferBytesPerSecond)
      return async (bytes) => {
        // Its own first: a turn in the common budget is not held while waiting for the other.
        await until(own, bytes)
        await until(all, bytes)
      }
    },
  }
}

function budgetOf(rate: number): Budget | null {
  return rate === 0 ? null : createBudget(rate, rate * BURST_S)
}
