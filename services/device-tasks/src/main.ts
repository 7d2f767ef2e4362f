import { connectNats } from '@sluice/bus'
import { runMain } from '@sluice/runtime'
import { connectPostgres } from '@sluice/sql'
import { settings } from './config.ts'
import { createDeviceTasks } from './device-tasks.ts'
import { SERVICE } from './parts.ts'

/** The service alone, against NATS and PostgreSQL. Replicas share the work. */
await runMain(SERVICE, settings, async ({ settings: given, log, clock, ids, closeAtEnd, fail }) => {
  const sql = await connectPostgres({ url: given.SLUICE_POSTGRES_URL })
  closeAtEnd('sql', () => sql.close())
  const bus = await connectNats({ servers: given.SLUICE_NATS_URL, service: SERVICE, clock, log, onLost: fail })
  closeAtEnd('bus', () => bus.close())
  const deviceTasks = createDeviceTasks(
    { sql, bus, clock, ids, log },
    {
      sealKey: given.SLUICE_SEAL_KEY,
      retentionMs: given.SLUICE_TASK_RETENTION_MS,
      maxOpenPerDevice: given.SLUICE_TASK_MAX_OPEN,
      fleetWakesPerSecond: given.SLUICE_FLEET_WAKES_PER_SECOND,
      wakerJabberId: given.SLUICE_XMPP_JID?.split('/')[0] ?? '',
    },
  )
  closeAtEnd('device-tasks', () => deviceTasks.stop())
  await deviceTasks.start()
  return { checks: { sql: () => sql.status() === 'up', bus: () => bus.status() === 'up' } }
})
