import type { HotRecord } from '@sluice/hot-store'
import type { UpgradeTask } from './task.ts'

/** The upgrades this device may be claimed for now, best first. */
export function dueHints({ tasks }: Pick<HotRecord, 'tasks'>, now: number): UpgradeTask[] {
  return tasks
    .filter((task) => task.kind === 'upgrade')
    .filter(({ notBefore }) => notBefore === null || Date.parse(notBefore) <= now)
}
