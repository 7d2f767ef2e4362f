import type { Bus } from '@sluice/bus'
import type { Clock, Ids, Log } from '@sluice/runtime'
import type { Journal, Sql } from '@sluice/sql'
import type { Planner } from './campaign/planner.ts'
import type { SchedulerSettings } from './config.ts'
import type { Metrics } from './observability.ts'
import type { Pulse } from './outage/pulse.ts'
import type { Ownership } from './ownership.ts'

/** What every use case of the scheduler works with. */
export interface Parts {
  readonly sql: Sql
  readonly journal: Journal
  readonly bus: Bus
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly metrics: Metrics
  readonly settings: SchedulerSettings
  readonly pulse: Pulse
  readonly ownership: Ownership
  readonly planner: Planner
  /** There are rows in the outbox: publish them now rather than at the next look. */
  readonly wakeRelay: () => void
  /** There are sweeps to be done. */
  readonly wakeSweeps: () => void
  /** There are gates outside to be asked. */
  readonly wakeOutside: () => void
  /** There are plans to go on with. */
  readonly wakePlans: () => void
  /** Its counters moved: who listens is told with the next tick, not with every move. */
  readonly campaignMoved: (campaignId: string) => void
}

export const SERVICE = 'campaign-scheduler'
export const OURSELVES = `service:${SERVICE}`

export const toTime = (ms: number): string => new Date(ms).toISOString()
export const toMs = (time: string): number => Date.parse(time)
