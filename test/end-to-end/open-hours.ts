import type { PolicyDraft } from '@sluice/contracts'

/** Where the subscribers live: neither UTC nor the zone that the windows name has their hours. */
export const ZONE = 'Asia/Kolkata'

/** Hours of those subscribers that have begun and will not end for long, on the day that they began; past midnight where need be. */
export function openHours(): NonNullable<PolicyDraft['windows']>[number] {
  const from = Temporal.Now.zonedDateTimeISO(ZONE).subtract({ hours: 1 })
  const shown = (time: Temporal.ZonedDateTime) => time.toPlainTime().toString({ smallestUnit: 'minute' })
  return { zone: 'Pacific/Honolulu', days: [from.dayOfWeek], from: shown(from), to: shown(from.add({ hours: 8 })) }
}

/** A policy keeps it, and no test waits for it. */
export const FAR_FREEZE = { from: '2100-01-01T00:00:00Z', to: '2100-01-02T00:00:00Z' }
