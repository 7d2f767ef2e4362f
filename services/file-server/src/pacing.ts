/**
 * A budget of bytes per second. Each piece is told when it may go: the generic cell rate algorithm of ITU-T I.371, which
 * is a token bucket without a bucket to fill. Who asks first goes first, so transfers that ask for one piece at a time
 * take turns, and none waits longer than for one piece of each other and the one under way.
 */
export interface Budget {
  /** Milliseconds from `now` until `bytes` may go; they are spent with that. */
  spend(bytes: number, now: number): number
}

/**
 * @param bytesPerSecond in any window of T seconds at most T times so many bytes go, and `burstBytes` and one piece
 */
export function createBudget(bytesPerSecond: number, burstBytes: number): Budget {
  const msPerByte = 1_000 / bytesPerSecond
  const toleranceMs = burstBytes * msPerByte
  /** When what was spent so far is earned. */
  let earnedAt = -Infinity
  let latest = -Infinity
  return {
    spend(bytes, now) {
      // A clock that was put back takes the account with it: nobody waits for an hour because it was an hour fast.
      if (now < latest) earnedAt -= latest - now
      latest = now
      const from = Math.max(now, earnedAt)
      earnedAt = from + bytes * msPerByte
      return Math.max(0, from - toleranceMs - now)
    },
  }
}
