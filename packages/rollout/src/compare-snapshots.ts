import type { AfterReadings } from './attempt.ts'
import type { Snapshot } from './snapshot.ts'

/** `preserved` only when every setting was known before, is known after, and is the same: unknown is never preserved. */
export function compareSettings(before: Snapshot, after: AfterReadings): { changed: string[]; preserved: boolean } {
  const names = Object.keys(before.settings)
  const changed = names.filter((name) => {
    const was = before.settings[name] ?? null
    const is = after.settings[name]?.digest ?? null
    return was !== null && is !== null && was !== is
  })
  const allSame = names.every((name) => {
    const was = before.settings[name] ?? null
    return was !== null && was === after.settings[name]?.digest
  })
  return { changed: changed.sort(), preserved: names.length > 0 && allSame }
}

/**
 * Whether the marks that provisioning leaves are back. Marks that were unknown before prove nothing
 * either way; with no mark to judge by, a device that informs counts as provisioned.
 */
export function provisioning(before: Snapshot, after: AfterReadings): 'back' | 'missing' | 'unread' {
  const marks = Object.entries(before.sentinels).filter(([, digest]) => digest !== null)
  const wanCounts = before.wanUp === true
  if (marks.length === 0 && !wanCounts) return 'back'
  if (after.readAt === null) return 'unread'
  const marksBack = marks.every(([name, digest]) => after.sentinels[name]?.digest === digest)
  const wanBack = !wanCounts || after.wan?.up !== false
  return marksBack && wanBack ? 'back' : 'missing'
}

export function expectsReading(before: Snapshot): boolean {
  const known = [...Object.values(before.settings), ...Object.values(before.sentinels)].some(
    (digest) => digest !== null,
  )
  return known || before.wanUp !== null
}
