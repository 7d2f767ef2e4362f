import type { RecordLine } from '@sluice/device-simulator'
import { waitUntil } from '@sluice/testbed'
import type { RunningFleet } from '../end-to-end/run-fleet.ts'

/** What a device has to tell by an Inform that was answered. */
const NEWS: ReadonlySet<RecordLine['what']> = new Set([
  'download_failed',
  'image_refused',
  'flashed',
  'fell_back',
  'settings_lost',
  'settings_regained',
])

type Line = Pick<RecordLine, 'deviceName' | 'what' | 'at'>

/**
 * Resolves once each device has called since then (RFC 3339) and told what became of it, or is silent for good: one whose
 * sessions failed while the system was being hit waits for its turn (TR-069 3.2.1.1), longer than the campaign needs for all
 * others, and one that was given up meanwhile is heard again at its next Inform.
 */
export async function untilAllHaveSpoken(fleet: RunningFleet, since: string, deadlineMs: number): Promise<void> {
  let mute: string[] = []
  await waitUntil(() => (mute = whoHasNotSpoken(fleet.lines(), since)).length === 0, {
    deadlineMs,
    everyMs: 2_000,
    describe: () => `${mute.length} devices have not told what became of them: ${mute.slice(0, 5).join(', ')}`,
  })
}

/** RFC 3339 UTC compares as text. */
export function whoHasNotSpoken(lines: readonly Line[], since: string): string[] {
  const untold = new Set<string>()
  for (const { deviceName, what, at } of lines) {
    if (NEWS.has(what) || (at < since && what !== 'silent')) untold.add(deviceName)
    if (what === 'silent' || (what === 'informed' && at >= since)) untold.delete(deviceName)
  }
  return [...untold]
}
