import { AsyncLocalStorage } from 'node:async_hooks'
import { systemClock } from '@sluice/runtime'
import { freshDatabase, waitUntil } from '@sluice/testbed'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { createJournal } from './journal.ts'
import { migrate } from './migrate.ts'
import { connectPostgres } from './postgres.ts'
import { createRelay } from './relay.ts'
import type { Queryable, Sql } from './sql.ts'
import { note, out } from './testing/journal-stand.ts'

let sql: Sql
beforeAll(async () => {
  sql = await connectPostgres({ url: await freshDatabase(inject('postgresUrl')) })
})
afterAll(() => sql.close())

/** Runs outside of the caller's asynchronous context, as another request would. */
const startedElsewhere = AsyncLocalStorage.snapshot() as <T>(work: () => T) => T

async function freshJournal(schema: string) {
  const journal = createJournal(schema)
  await migrate(sql, { schema, migrations: journal.migrations })
  return journal
}

/** A transaction that stays open until it is told to commit. */
function openTransaction(work: (tx: Queryable) => Promise<unknown>) {
  let commit = () => {}
  const mayCommit = new Promise<void>((resolve) => (commit = resolve))
  let worked = () => {}
  const hasWorked = new Promise<void>((resolve) => (worked = resolve))
  const committed = sql.transaction(async (tx) => {
    await work(tx)
    worked()
    await mayCommit
  })
  return { hasWorked, commit: () => (commit(), committed) }
}

test('an event whose lower number is committed late is neither skipped by the relay nor by the chain', async () => {
  const journal = await freshJournal('late')
  const published: string[] = []
  const publish = async (events: { id: string }[]) => void published.push(...events.map((event) => event.id))
  const relay = createRelay({ sql, journal, publish, clock: systemClock }, { intervalMs: 20, sealEveryMs: 1 })
  relay.start()

  const early = openTransaction((tx) => journal.append(tx, [out('early')]))
  await early.hasWorked
  await sql.transaction((tx) => journal.append(tx, [out('late')]))
  relay.wake()
  await waitUntil(
    async () => published.length === 1 && (await sql.query('select 1 from late.journal_batch')).length === 1,
  )
  await early.commit()
  relay.wake()
  await waitUntil(() => published.length === 2)
  await relay.stop()

  const rows = await journal.read(sql, {})
  expect(rows.map((row) => row.id)).toEqual(['early', 'late'])
  expect(published).toEqual(['late', 'early'])
  expect(await journal.verifyChain(sql)).toMatchObject({ kind: 'intact', rows: 2, unsealed: 0 })
})

test('a message in a transaction that is still open is waited for, and then known', async () => {
  const journal = await freshJournal('waiting')
  const message = { id: 'm1', at: 1, actor: 'gateway', kind: 'attempt.observed', data: {} }
  const first = openTransaction(async (tx) => void (await journal.acceptNew(tx, [message])))
  await first.hasWorked
  const second = sql.transaction((tx) => journal.acceptNew(tx, [message]))
  await first.commit()
  expect(await second).toEqual(new Set())
})

test('replicas that take the same messages in different orders wait for each other instead of deadlocking', async () => {
  const journal = await freshJournal('orders')
  const message = (id: string) => ({ id, at: 1, actor: 'gateway', kind: 'attempt.observed', data: {} })
  let second: Promise<Set<string>> | undefined
  const first = await sql.transaction(async (tx) => {
    await journal.acceptNew(tx, [message('m1')])
    second = startedElsewhere(() =>
      sql.transaction((other) => journal.acceptNew(other, [message('m2'), message('m1')])),
    )
    await waitUntil(async () => (await tx.query('select 1 from pg_locks where not granted')).length > 0)
    return journal.acceptNew(tx, [message('m2')])
  })
  expect(first).toEqual(new Set(['m2']))
  expect(await second).toEqual(new Set())
})

test('whatever commits, fails and crashes: everything committed is published, nothing else, and the chain holds', async () => {
  let round = 0
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('write' as const),
        events: fc.nat(4),
        notes: fc.nat(2),
        commits: fc.boolean(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('bus_fails' as const), times: fc.integer({ min: 1, max: 3 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('relay_restarts' as const) }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.boolean(), async (steps, together) => {
      const journal = await freshJournal(`p${++round}`)
      const published: string[] = []
      let failures = 0
      const publish = async (events: { id: string }[]) => {
        // A failing bus may still have taken some of them.
        const taken = failures > 0 ? events.slice(0, failures % 2) : events
        published.push(...taken.map((event) => event.id))
        if (failures > 0 && failures--) throw new Error('bus down')
      }
      const start = () => {
        const relay = createRelay(
          { sql, journal, publish, clock: systemClock },
          { intervalMs: 3, batchSize: 3, sealEveryMs: 2 },
        )
        relay.start()
        return relay
      }
      let relay = start()
      const committed: string[] = []
      const writes: Promise<void>[] = []
      for (const [n, action] of steps.entries()) {
        if (action.kind === 'bus_fails') failures += action.times
        if (action.kind === 'relay_restarts') {
          await relay.stop()
          relay = start()
        }
        if (action.kind === 'write') {
          const ids = Array.from({ length: action.events }, (_, k) => `${n}.${k}`)
          const writing = sql
            .transaction(async (tx) => {
              await journal.append(tx, [
                ...ids.map((id) => out(id)),
                ...Array.from({ length: action.notes }, () => note(n)),
              ])
              if (!action.commits) throw new Error('rolled back')
            })
            .then(
              () => void committed.push(...ids),
              () => {},
            )
          writes.push(writing)
          if (!together) await writing
          relay.wake()
        }
      }
      await Promise.all(writes)
      await waitUntil(async () => (await journal.backlog(sql)).unpublished === 0)
      await relay.stop()

      const once = [...new Set(published)]
      expect(once.toSorted()).toEqual(committed.toSorted())
      if (!together) expect(once).toEqual(committed)
      expect(await journal.verifyChain(sql)).toMatchObject({ kind: 'intact', unsealed: 0 })
    }),
    { numRuns: 25 },
  )
})
