import { type Bus, applyTopology, connectNats } from '@sluice/bus'
import { createLog, systemClock } from '@sluice/runtime'
import { connectPostgres } from '@sluice/sql'
import { freshDatabase, freshNamespace } from '@sluice/testbed'
import { inject } from 'vitest'
import { deviceTasksSuite } from './device-tasks.suite.ts'
import { SERVICES } from './testing/stand.ts'

const log = createLog({ service: 'test', level: 'silent' })

deviceTasksSuite('device-tasks on NATS and PostgreSQL', async () => {
  const servers = inject('natsUrl')
  const namespace = freshNamespace()
  await applyTopology(servers, { namespace, maxBytes: 8 * 1024 ** 2 })
  const sql = await connectPostgres({ url: await freshDatabase(inject('postgresUrl')) })
  const buses = new Map<string, Bus>()
  for (const service of SERVICES) {
    buses.set(service, await connectNats({ servers, service, namespace, clock: systemClock, log }))
  }
  const close = async () => {
    await Promise.all([...buses.values()].map((bus) => bus.close()))
    await sql.close()
  }
  return { sql, as: (service) => buses.get(service)!, close }
})
