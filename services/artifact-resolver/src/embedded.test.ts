import { createEmbeddedBus } from '@sluice/bus'
import { createLog, systemClock } from '@sluice/runtime'
import { openEmbedded } from '@sluice/sql'
import { inMemory } from '@sluice/testbed'
import { artifactResolverSuite } from './artifact-resolver.suite.ts'

const log = createLog({ service: 'test', level: 'silent' })

// One database for the service and the bus, as in a process of its own.
artifactResolverSuite('artifact-resolver on the embedded parts', async () => {
  const sql = await openEmbedded(inMemory())
  const hub = await createEmbeddedBus({ sql, clock: systemClock, log })
  const close = async () => {
    await hub.close()
    await sql.close()
  }
  return { sql, as: (service) => hub.as(service), close }
})
