import { waitUntil } from '@sluice/testbed'
import type { RecordLine } from '@sluice/device-simulator'
import type { RunningFleet } from '../end-to-end/run-fleet.ts'

/** What a device has to tell by an Inform that was answered. */
const NEWS: ReadonlySet<RecordLine['what']> = new Set(['flashed', 'fell_back', 'settings_lost', 'settings_regained'])

/**
 * Resolves once each device has told what became of it, or is silent for good: one whose sessions failed while the system
 * was being hit waits for its turn (TR-069 3.2.1.1), longer than the campaign needs for all others.
 */
export async function untilAllHaveSpoken(fleet: RunningFleet): Promise<void> {
  let mute: string[] = []
  await waitUntil(() => (mute = whoHasNotSpoken(fleet.lines())).length === 0, {
    deadlineMs: 120_000,
    everyMs: 1_000,
    describe: () => `${mute.length} devices have not told what became of them: ${mute.slice(0, 5).join(', ')}`,
  })
}

export function whoHasNotSpoken(lines: readonly Pick<RecordLine, 'deviceName' | 'what'>[]): string[] {
  const untold = new Set<string>()
  for (const { deviceName, what } of lines) {
    if (NEWS.has(what)) untold.add(deviceName)
    if (what === 'informed' || what === 'silent') untold.delete(deviceName)
  }
  return [...untold]
}
