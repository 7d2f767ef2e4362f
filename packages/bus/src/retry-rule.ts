/** When an event whose handler threw comes again, and when no more. */
export interface RetryRule {
  /** Wait before the second delivery, in milliseconds; it doubles from then on. */
  readonly firstMs: number
  readonly longestMs: number
  /** After so many deliveries it becomes a dead letter. Those that failed because a part was away do not count. */
  readonly maxDeliveries: number
}

/** What fails by itself is given about half an hour, for who deploys a fix in time; what fails for a part that is away has for ever. */
export const USUAL_RETRIES: RetryRule = { firstMs: 500, longestMs: 60_000, maxDeliveries: 50 }

/** From this delivery on an event is handed over alone, so that one poisoned event does not take its company along. */
export const ALONE_FROM_DELIVERY = 4

/** Between half and the whole of the doubled wait. `deliveries` counts all that were made, from 1; `dice` is 0 to 1. */
export function retryDelayMs(rule: RetryRule, deliveries: number, dice: number): number {
  const whole = Math.min(rule.longestMs, rule.firstMs * 2 ** Math.min(deliveries - 1, 30))
  return Math.round(whole / 2 + (whole / 2) * dice)
}
