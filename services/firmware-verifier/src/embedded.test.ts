import { createEmbeddedBus } from '@sluice/bus'
import { createLog, systemClock } from '@sluice/runtime'
import { openEmbedded } from '@sluice/sql'
import { inMemory } from '@sluice/testbed'
import { firmwareVerifierSuite } from './firmware-verifier.suite.ts'
import { releasesSuite } from './releases/releases.suite.ts'

const log = createLog({ service: 'test', level: 'silent' })

// One database for the service and the bus, as in a process of its own.
const open = async () => {
  const sql = await openEmbedded(inMemory())
  const hub = await createEmbeddedBus({ sql, clock: systemClock, log })
  const close = async () => {
    await hub.close()
    await sql.close()
  }
  return { sql, as: (service: string) => hub.as(service), close }
}

firmwareVerifierSuite('firmware-verifier on the embedded parts', open)
releasesSuite('releases on the embedded parts', open)
