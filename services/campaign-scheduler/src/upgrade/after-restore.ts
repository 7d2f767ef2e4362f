import type { SchedulerSettings } from '../config.ts'

/**
 * Until when nothing new is offered, because the database was restored from a backup: devices may be working on
 * Downloads of which it knows nothing. What a device may hold is over by then, or has been reported: the latest start of
 * a Download (TR-069 A.3.2.8 lets it come an hour late), transfer, flashing, and the longest wait between two tries of a
 * session (3.2.1.1). Null: it was not, or is over.
 */
export function heldUntil(
  { restoredAt, restoreHoldMs }: Pick<SchedulerSettings, 'restoredAt' | 'restoreHoldMs'>,
  now: number,
): number | null {
  if (restoredAt === null) return null
  const until = restoredAt + restoreHoldMs
  return now < until ? until : null
}
