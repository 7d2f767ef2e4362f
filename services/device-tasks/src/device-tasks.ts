import { type Bus, type Stop, isRefusedForGood, publishOutbox, watchOutbox } from '@sluice/bus'
import type { Clock, Ids, Log } from '@sluice/runtime'
import { type Sql, createJournal, createRelay, migrate } from '@sluice/sql'
import { createChores } from './chores/chores.ts'
import { type DeviceTasksSettings, defaultSettings } from './config.ts'
import { bindHandlers } from './handlers.ts'
import { createMetrics, showWaiting } from './observability.ts'
import { type Parts, SERVICE } from './parts.ts'
import { createSeal } from './seal.ts'
import { migrations } from './store/migrations.ts'

export interface DeviceTasksParts {
  readonly sql: Sql
  readonly bus: Bus
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
}

export interface DeviceTasks {
  /** Migrates its schema, then answers, consumes and sweeps; replicas may start side by side. */
  start(): Promise<void>
  /** Takes no more, and resolves once what is under way has ended. The parts it was given stay open. */
  stop(): Promise<void>
}

const SCHEMA = 'tasks'

/** Calls of operators and OSS to devices, one by one or for a fleet, as tasks with deadline and result. */
export function createDeviceTasks(given: DeviceTasksParts, settings: DeviceTasksSettings): DeviceTasks {
  const { sql, bus, clock, log } = given
  const journal = createJournal(SCHEMA)
  const relay = createRelay({
    sql,
    journal,
    clock,
    publish: publishOutbox(bus),
    onTrouble: (error) => log.warn({ err: error }, 'device_tasks.outbox.publish_failed'),
    isRefusedForGood,
    onRefused: ({ id, name }, err) =>
      log.error({ err, event_id: id, event_name: name }, 'device_tasks.outbox.event_refused'),
  })
  const parts: Parts = {
    ...given,
    journal,
    seal: createSeal(settings.sealKey),
    metrics: createMetrics(),
    settings: { ...defaultSettings, ...settings },
    wakeRelay: () => relay.wake(),
    wakeChores: () => chores.wake(),
  }
  const chores = createChores(() => parts)
  const stops: Stop[] = []
  return {
    start: async () => {
      await migrate(sql, { schema: SCHEMA, migrations: [...journal.migrations, ...migrations] })
      relay.start()
      stops.push(() => relay.stop())
      const hide = showWaiting(parts)
      stops.push(
        async () => hide(),
        watchOutbox(SERVICE, () => journal.backlog(sql), clock),
      )
      const unbind = await bindHandlers(parts)
      stops.push(async () => void (await Promise.all(unbind.map((stop) => stop()))))
      const cancel = clock.every(parts.settings.tickMs, () => chores.wake())
      stops.push(async () => {
        cancel()
        await chores.stop()
      })
      chores.wake()
    },
    stop: async () => {
      for (const stop of stops.splice(0).toReversed()) await stop()
    },
  }
}
