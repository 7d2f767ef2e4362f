import { connectNats } from '@sluice/bus'
import { runMain } from '@sluice/runtime'
import { connectPostgres } from '@sluice/sql'
import { settings } from './config.ts'
import { createRegistry } from './registry.ts'

await runMain('device-registry', settings, async ({ settings: given, log, clock, ids, closeAtEnd, fail }) => {
  const sql = await connectPostgres({ url: given.SLUICE_POSTGRES_URL })
  closeAtEnd('sql', () => sql.close())
  const bus = await connectNats({
    servers: given.SLUICE_NATS_URL,
    service: 'device-registry',
    clock,
    log,
    onLost: fail,
  })
  closeAtEnd('bus', () => bus.close())
  const registry = createRegistry(
    { sql, bus, clock, ids, log },
    {
      sealKey: given.SLUICE_SEAL_KEY,
      autoRegistration: given.SLUICE_AUTO_REGISTRATION,
      bootstrapReturnsPerHour: given.SLUICE_BOOTSTRAP_RETURNS_PER_HOUR,
      messageLogDays: given.SLUICE_MESSAGE_LOG_DAYS,
      messageLogLines: given.SLUICE_MESSAGE_LOG_LINES,
    },
  )
  await registry.start()
  closeAtEnd('registry', () => registry.stop())
  return { checks: { sql: () => sql.status() === 'up', bus: () => bus.status() === 'up' } }
})
