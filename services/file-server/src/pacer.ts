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
const LEAST_PIECE = 16 * 1024
/** So many that the thousands of transfers that there may be take turns within half a minute. */
const PIECES_PER_SECOND = 128
const BURST_S = 0.25

/** Small pieces where the rate is low: turns are short then, and no device takes a pause for the end. */
export function pieceBytesOf({ bytesPerSecond, transferBytesPerSecond }: PaceSettings): number {
  const rates = [bytesPerSecond, transferBytesPerSecond].filter((rate) => rate > 0)
  return Math.min(PIECE_BYTES, Math.max(LEAST_PIECE, Math.floor(Math.min(...rates) / PIECES_PER_SECOND)))
}

export function createPacer(clock: Clock, pace: PaceSettings): Pacer {
  const { bytesPerSecond, transferBytesPerSecond } = pace
  const pieceBytes = pieceBytesOf(pace)
  if (bytesPerSecond === 0 && transferBytesPerSecond === 0) return { pieceBytes, join: null }
  const all = budgetOf(bytesPerSecond)
  const until = async (budget: Budget | null, bytes: number) => {
    const ms = budget === null ? 0 : budget.spend(bytes, clock.now())
    if (ms === 0) return
    METRICS.paced.add(ms / 1_000)
    await clock.sleep(Math.ceil(ms))
  }
  return {
    pieceBytes,
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
