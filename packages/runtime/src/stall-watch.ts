const TICK_MS = 250
/** What came while a process stood still is read within so long after. */
const READ_WITHIN_MS = 1_000

/** Notices, by a clock that is never set, that this process stood still: frozen, or starved. */
export interface StallWatch {
  /** How long what is read now may have waited for it; 0 as long as it runs. */
  waitedMs(): number
  stop(): void
}

export function startStallWatch(): StallWatch {
  let tickedAt = performance.now()
  let last = { until: Number.NEGATIVE_INFINITY, ms: 0 }
  const timer = setInterval(() => {
    const now = performance.now()
    if (now - tickedAt > 2 * TICK_MS) last = { until: now, ms: now - tickedAt }
    tickedAt = now
  }, TICK_MS)
  timer.unref()
  return {
    waitedMs() {
      const now = performance.now()
      // It may be read before the timer has noticed.
      if (now - tickedAt > 2 * TICK_MS) return now - tickedAt
      return now - last.until < READ_WITHIN_MS ? last.ms : 0
    },
    stop: () => clearInterval(timer),
  }
}
