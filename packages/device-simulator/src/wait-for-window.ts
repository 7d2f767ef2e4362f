import type { Cpe, TimeWindow, Transfer } from './cpe.ts'

/** Waits until a transfer is due: DelaySeconds, or a window of a ScheduleDownload. False when none opens any more (fault 9020). */
export async function untilWindow(cpe: Cpe, transfer: Transfer): Promise<boolean> {
  const at = (seconds: number): number => transfer.receivedAt + seconds * 1000 * cpe.settings.timeScale
  if (transfer.method !== 'ScheduleDownload') {
    await cpe.wait(transfer.delaySeconds * 1000 * cpe.settings.timeScale)
    return true
  }
  for (const window of transfer.windows) {
    if (Date.now() >= at(window.endSeconds)) continue
    if (!isUsable(cpe, window)) await waitUntil(cpe, at(window.endSeconds))
    else {
      await waitUntil(cpe, at(window.startSeconds))
      return true
    }
  }
  return false
}

/** A device that is never idle lets `3 When Idle` pass. */
function isUsable(cpe: Cpe, { mode }: TimeWindow): boolean {
  return !(cpe.settings.faults.neverIdle && mode === '3 When Idle')
}

async function waitUntil(cpe: Cpe, when: number): Promise<void> {
  const ms = when - Date.now()
  if (ms > 0) await cpe.wait(ms)
}

/** No window is left to apply a download in (TR-069 A.4.1.8). */
export function isTooLate(cpe: Cpe, { method, windows, receivedAt }: Transfer): boolean {
  const end = Math.max(...windows.map(({ endSeconds }) => endSeconds))
  return method === 'ScheduleDownload' && Date.now() > receivedAt + end * 1000 * cpe.settings.timeScale
}
