const known = new Map<string, boolean>()
const MOST_KNOWN = 1_000

/** The subscriber's zone, if there is such a zone: what the inventory says may be anything. */
export function knownZone(zone: string | null): string | null {
  if (zone === null) return null
  let is = known.get(zone)
  if (is === undefined) {
    is = isZone(zone)
    if (known.size < MOST_KNOWN) known.set(zone, is)
  }
  return is ? zone : null
}

export function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
