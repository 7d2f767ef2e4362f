import { createLog, systemClock } from '@sluice/runtime'
import { type Sql, openEmbedded } from '@sluice/sql'
import { inMemory } from '@sluice/testbed'
import { afterAll, beforeAll } from 'vitest'
import { busSuite, QUICK_RETRIES, type BusStand } from './bus.suite.ts'
import { createEmbeddedBus } from './embedded-bus.ts'

// Opening PGlite takes a second: one for all tests, its schema made anew for each.
let sql: Sql
beforeAll(async () => {
  sql = await openEmbedded(inMemory())
})
afterAll(() => sql.close())

async function openStand(): Promise<BusStand> {
  await sql.query('drop schema if exists bus cascade')
  const log = createLog({ service: 'test', level: 'silent' })
  const hub = await createEmbeddedBus({ sql, clock: systemClock, log, retries: QUICK_RETRIES })
  return {
    bus: async (service) => hub.as(service),
    async putRaw(message, { id, body }) {
      await sql.query(
        `with stored as (insert into bus.event (id, name, source, time, body, traceparent) values ($1, $2, 'raw', 0, $3, '') returning seq)
         insert into bus.delivery (consumer, name, seq) select unnest($4::text[]), $2, seq from stored`,
        [id, message.name, body, message.consumers],
      )
    },
    deadLetters: () => sql.query('select id, reason from bus.dead_letter where consumer = $1', ['campaign-scheduler']),
    pending: async (service, message) =>
      (await sql.query('select 1 from bus.delivery where consumer = $1 and name = $2', [service, message.name])).length,
    standing: async () => hub.standing(),
    close: () => hub.close(),
  }
}

busSuite('the embedded database', openStand)
