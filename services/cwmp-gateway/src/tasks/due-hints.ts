import type { HotRecord } from '@sluice/hot-store'
import type { UpgradeTask } from './task.ts'

/** The upgrades this device may be claimed for now, best first; all of them for one that asks for firmware itself. */
export function dueHints({ tasks }: Pick<HotRecord, 'tasks'>, now: number, wantsFirmware = false): UpgradeTask[] {
  return tasks
    .filter((task) => task.kind === 'upgrade')
    .filter(({ notBefore }) => wantsFirmware || notBefore === null || Date.parse(notBefore) <= now)
}
