import type { Attempt } from './attempt.ts'
import { compareSettings } from './compare-snapshots.ts'

/** What a gateway put back after 10.a, and what the device refused. */
export interface Restored {
  at: number
  names: string[]
  refused: string[]
}

/** Settings of this device were kept at the offer, and some of them are others now. */
function hasLostWhatWasKept({ keepsSettings, before, after }: Attempt): boolean {
  return keepsSettings === true && compareSettings(before, after).changed.length > 0
}

/** Whether a gateway should put them back in the device's next session. */
export function wantsRestore(attempt: Attempt): boolean {
  return attempt.restored === undefined && hasLostWhatWasKept(attempt)
}

/** Until it was tried, and the settings were read again after it, nobody knows how this ends. */
export function isRestoring(attempt: Attempt): boolean {
  const { restored, after } = attempt
  return hasLostWhatWasKept(attempt) && (restored === undefined || (after.readAt ?? -Infinity) < restored.at)
}

/** Several gateways may tell of the same: together they say what one would. */
export function addRestored(known: Restored | undefined, told: Restored): Restored {
  const union = (a: readonly string[] = [], b: readonly string[]) => [...new Set([...a, ...b])].sort()
  const names = union(known?.names, told.names)
  const refused = union(known?.refused, told.refused).filter((name) => !names.includes(name))
  return { at: Math.max(known?.at ?? told.at, told.at), names, refused }
}

/** `complete` only where every setting was known before and reads the same again: one that cannot be read may be lost. */
export function restoreOf({ before, after, restored }: Attempt): 'complete' | 'part' | 'none' {
  if (restored === undefined || restored.names.length === 0) return 'none'
  const isBack = (name: string) => {
    const now = after.settings[name]
    return (now?.last ?? now)?.digest === before.settings[name]
  }
  return Object.keys(before.settings).every(isBack) ? 'complete' : 'part'
}
