import { type Bus, type Stop, publishOutbox } from '@sluice/bus'
import type { Clock, Ids, Log } from '@sluice/runtime'
import { type Sql, createJournal, createRelay, migrate } from '@sluice/sql'
import { type SchedulerSettings, defaultSettings } from './config.ts'
import { serveAll } from './handlers.ts'
import { createMetrics } from './observability.ts'
import type { Parts } from './parts.ts'
import { reconcile } from './reconcile.ts'
import { migrations } from './store/migrations.ts'
import { tick, tickPlans } from './tick.ts'
import { createTicker } from './ticker.ts'

export interface SchedulerParts {
  readonly sql: Sql
  readonly bus: Bus
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  /** What is left out takes the default. */
  readonly settings?: Partial<SchedulerSettings>
}

export interface Scheduler {
  /** Migrates, reconciles, then serves; replicas may start side by side. */
  start(): Promise<void>
  /** Takes no more, and resolves once what is under way has ended. The parts it was given stay open. */
  stop(): Promise<void>
}

const SCHEMA = 'scheduler'

export function createScheduler({ sql, bus, clock, ids, log, settings }: SchedulerParts): Scheduler {
  const journal = createJournal(SCHEMA)
  const relay = createRelay({
    sql,
    journal,
    clock,
    publish: publishOutbox(bus),
    onTrouble: (error) => log.warn({ err: error }, 'journal.relay.trouble'),
  })
  const moved = new Set<string>()
  const ticker = createTicker(() => tick(parts, moved))
  const planner = createTicker(() => tickPlans(parts))
  const parts: Parts = {
    sql,
    journal,
    bus,
    clock,
    ids,
    log,
    metrics: createMetrics(),
    settings: { ...defaultSettings, ...settings },
    wakeRelay: () => relay.wake(),
    wakeSweeps: () => ticker.wake(),
    wakePlans: () => planner.wake(),
    campaignMoved: (campaignId) => void moved.add(campaignId),
  }
  const stops: Stop[] = []

  return {
    async start() {
      await migrate(sql, { schema: SCHEMA, migrations: [...journal.migrations, ...migrations] })
      await reconcile(parts)
      relay.start()
      stops.push(() => relay.stop())
      stops.push(await serveAll(parts))
      const cancelTicks = clock.every(parts.settings.tickMs, () => ticker.wake())
      stops.push(async () => {
        cancelTicks()
        await Promise.all([ticker.stop(), planner.stop()])
      })
      ticker.wake()
    },
    async stop() {
      for (const stop of stops.splice(0).toReversed()) await stop()
    },
  }
}
