import { cancelFleetPages } from '../fleet/cancel-fleet-task.ts'
import { planFleetPages } from '../fleet/plan-fleet-task.ts'
import type { Parts } from '../parts.ts'
import { settleFleetTasks } from '../store/fleet-tasks.ts'
import { createTicker } from '@sluice/runtime'
import { confirmCredentials } from './confirm-credentials.ts'
import { deleteOld } from './delete-old.ts'
import { expireTasks } from './expire-tasks.ts'
import { wakeDevices } from './wake-devices.ts'

const CHORES: readonly [name: string, (parts: Parts) => Promise<boolean>][] = [
  ['expire', expireTasks],
  ['cancel_fleet', cancelFleetPages],
  ['plan_fleet', planFleetPages],
  ['wake', wakeDevices],
  ['confirm', confirmCredentials],
  ['settle_fleet', settle],
  ['delete_old', deleteOld],
]

export interface Chores {
  /** There may be something to do: looked at now, or once more after what is under way. */
  wake(): void
  stop(): Promise<void>
}

/** What rows wait for, done page by page. Each chore goes at its own pace: a part that is away holds up no other. */
export function createChores(parts: () => Parts): Chores {
  const tickers = CHORES.map(([name, chore]) => createTicker(() => doOrTell(parts(), name, chore)))
  return {
    wake: () => tickers.forEach((ticker) => ticker.wake()),
    stop: async () => void (await Promise.all(tickers.map((ticker) => ticker.stop()))),
  }
}

async function doOrTell(parts: Parts, name: string, chore: (parts: Parts) => Promise<boolean>): Promise<boolean> {
  try {
    return await chore(parts)
  } catch (error) {
    parts.log.warn({ err: error, chore: name }, 'device_tasks.chore.failed')
    return false
  }
}

async function settle(parts: Parts): Promise<boolean> {
  await settleFleetTasks(parts.sql, parts.clock.now())
  return false
}
