import { applyTopology, type Bus, connectNats, createEmbeddedBus } from '@sluice/bus'
import { createLog, systemClock } from '@sluice/runtime'
import { openEmbedded, type Sql } from '@sluice/sql'
import { freshNamespace, inMemory } from '@sluice/testbed'

/** Where the buses of one test meet. */
export interface Transport {
  bus(service: string): Promise<Bus>
  close(): Promise<void>
}

export const log = createLog({
  service: 'cwmp-gateway-test',
  level: (process.env['SLUICE_TEST_LOG'] ?? 'silent') as 'silent',
})

const retries = { firstMs: 20, longestMs: 100, maxDeliveries: 1_000 }
let embedded: Promise<Sql> | undefined

export async function embeddedTransport(): Promise<Transport> {
  // Opening PGlite takes seconds: one for all tests of a process.
  const sql = await (embedded ??= openEmbedded(inMemory()))
  await sql.query('drop schema if exists bus cascade')
  const hub = await createEmbeddedBus({ sql, clock: systemClock, log, retries })
  return { bus: async (service) => hub.as(service), close: () => hub.close() }
}

/** `publishMs`: how long a publication may take, as in the product unless told. */
export async function natsTransport(servers: string, publishMs = 2_000): Promise<Transport> {
  const namespace = freshNamespace()
  await applyTopology(servers, { namespace, maxBytes: 8 * 1024 ** 2 })
  const buses: Bus[] = []
  return {
    async bus(service) {
      const bus = await connectNats({ servers, service, namespace, clock: systemClock, log, retries, publishMs })
      buses.push(bus)
      return bus
    },
    close: async () => {
      await Promise.all(buses.map((bus) => bus.close()))
    },
  }
}
