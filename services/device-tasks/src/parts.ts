import type { Bus } from '@sluice/bus'
import type { Clock, Ids, Log } from '@sluice/runtime'
import type { Journal, Sql } from '@sluice/sql'
import type { DeviceTasksSettings } from './config.ts'
import type { Metrics } from './observability.ts'
import type { Seal } from './seal.ts'

/** What every use case of this service works with. */
export interface Parts {
  readonly sql: Sql
  readonly journal: Journal
  readonly bus: Bus
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly seal: Seal
  readonly metrics: Metrics
  readonly settings: Required<DeviceTasksSettings>
  /** There are rows in the outbox: publish them now rather than at the next look. */
  readonly wakeRelay: () => void
  /** There is something to do that rows wait for: devices to wake, credentials to confirm, fleet tasks to plan. */
  readonly wakeChores: () => void
}

export const SERVICE = 'device-tasks'
export const OURSELVES = `service:${SERVICE}`

export const toTime = (ms: number): string => new Date(ms).toISOString()
