import { connectNats } from '@sluice/bus'
import { runMain } from '@sluice/runtime'
import { connectPostgres } from '@sluice/sql'
import { settings as definition, toSchedulerSettings } from './config.ts'
import { SERVICE } from './parts.ts'
import { createScheduler } from './scheduler.ts'

/** The scheduler alone, against NATS and PostgreSQL. Replicas share the work. */
await runMain(SERVICE, definition, async (process) => {
  const { settings, log, clock, ids, closeAtEnd, fail } = process
  const sql = await connectPostgres({ url: settings.SLUICE_POSTGRES_URL })
  closeAtEnd('sql', () => sql.close())
  const bus = await connectNats({ servers: settings.SLUICE_NATS_URL, service: SERVICE, clock, log, onLost: fail })
  closeAtEnd('bus', () => bus.close())
  const scheduler = createScheduler({ sql, bus, clock, ids, log, settings: toSchedulerSettings(settings) })
  closeAtEnd('scheduler', () => scheduler.stop())
  await scheduler.start()
  return { checks: { sql: () => sql.status() === 'up', bus: () => bus.status() === 'up' } }
})
