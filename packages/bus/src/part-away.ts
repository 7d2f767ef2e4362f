/** What errors of the ports (`SqlError`, `HotStoreError`, `BusError`) say when not the event is at fault but a part is away or busy. */
const AWAY: ReadonlySet<unknown> = new Set(['unavailable', 'deadline', 'conflict', 'outcome_unknown'])
const MAX_CAUSES = 4

/** Whether a handler failed because a part it needs is away. Such a failure says nothing about the event: it never counts against it. */
export function isPartAway(error: unknown): boolean {
  let at = error
  for (let depth = 0; depth < MAX_CAUSES && at instanceof Error; depth++, at = at.cause) {
    if ('code' in at && AWAY.has(at.code)) return true
  }
  return false
}
