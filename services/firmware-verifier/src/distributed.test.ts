import { applyTopology, connectNats, type Bus } from '@sluice/bus'
import { createLog, systemClock } from '@sluice/runtime'
import { connectPostgres } from '@sluice/sql'
import { freshDatabase, freshNamespace } from '@sluice/testbed'
import { inject } from 'vitest'
import { firmwareVerifierSuite } from './firmware-verifier.suite.ts'
import { releasesSuite } from './releases/releases.suite.ts'

const log = createLog({ service: 'test', level: 'silent' })
const SERVICES = ['firmware-verifier', 'artifact-resolver', 'campaign-scheduler', 'operator-api']

const open = async () => {
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
  return { sql, as: (service: string) => buses.get(service)!, close }
}

firmwareVerifierSuite('firmware-verifier on NATS and PostgreSQL', open)
releasesSuite('releases on NATS and PostgreSQL', open)
