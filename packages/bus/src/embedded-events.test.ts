import { type Sql, openEmbedded } from '@sluice/sql'
import { inMemory } from '@sluice/testbed'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type EmbeddedEvents, openEmbeddedEvents } from './embedded-events.ts'

let sql: Sql
let events: EmbeddedEvents
beforeAll(async () => {
  sql = await openEmbedded(inMemory())
})
afterAll(() => sql.close())
beforeEach(async () => {
  await sql.query('drop schema if exists bus cascade')
  events = await openEmbeddedEvents(sql)
})

const publication = (id: string, consumers = ['a', 'b']) => ({
  event: { id, name: 'x.y', source: 's', subject: '', time: 1, body: '{}', traceparent: undefined },
  consumers,
})
const rows = async (table: string) => (await sql.query(`select 1 from bus.${table}`)).length

test('an event stays until its last consumer acknowledged it, and then is gone', async () => {
  await events.store([publication('1'), publication('2')], 0)
  const due = await events.due('a', 'x.y', 0, [], 10)
  expect(due.map(({ id }) => id)).toEqual(['1', '2'])
  const seqs = due.map(({ seq }) => seq)
  await events.acknowledge('a', 'x.y', seqs)
  expect(await rows('event')).toBe(2)
  await events.acknowledge('b', 'x.y', seqs.slice(0, 1))
  expect(await rows('event')).toBe(1)
  await events.bury('b', 'x.y', seqs[1]!, 'why not', 5)
  expect([await rows('event'), await rows('delivery'), await rows('dead_letter')]).toEqual([0, 0, 1])
})

test('an id is taken once within the window, and forgotten after it', async () => {
  await events.store([publication('1'), publication('1')], 0)
  await events.store([publication('1')], 60_000)
  await events.sweep(119_000)
  await events.store([publication('1')], 119_000)
  expect(await rows('event')).toBe(1)
  await events.sweep(121_000)
  expect(await rows('seen')).toBe(0)
  await events.store([publication('1')], 121_000)
  expect(await rows('event')).toBe(2)
})

test('what was postponed is due at its time, and what is under way is not handed out', async () => {
  await events.store([publication('1'), publication('2')], 0)
  const [first, second] = await events.due('a', 'x.y', 0, [], 10)
  await events.postpone('a', 'x.y', [first!.seq], 500, true)
  expect(await events.due('a', 'x.y', 499, [second!.seq], 10)).toEqual([])
  expect(await events.nextDueAt('a', 'x.y', [second!.seq])).toBe(500)
  expect(await events.due('a', 'x.y', 500, [second!.seq], 10)).toMatchObject([{ id: '1', tries: 1, failures: 1 }])
  await events.postpone('a', 'x.y', [first!.seq], 500, false)
  expect(await events.due('a', 'x.y', 500, [second!.seq], 10)).toMatchObject([{ id: '1', tries: 2, failures: 1 }])
})

test('only the youngest dead letters are kept', async () => {
  await sql.query(
    `insert into bus.dead_letter (seq, consumer, name, id, source, time, body, failures, reason, dead_at)
     select n, 'a', 'x.y', n, 's', 0, '{}', 1, 'r', n from generate_series(1, 10005) as n`,
  )
  await events.sweep(0)
  const [{ oldest, kept } = { oldest: 0, kept: 0 }] = await sql.query<{ oldest: number; kept: number }>(
    'select min(seq) as oldest, count(*) as kept from bus.dead_letter',
  )
  expect([oldest, kept]).toEqual([6, 10_000])
})

test('a consumed table does not grow: the room of what is gone is used again', async () => {
  const size = async () => (await sql.query<{ n: number }>(`select pg_relation_size('bus.event') as n`))[0]!.n
  const round = async (number: number) => {
    await events.store(
      Array.from({ length: 200 }, (_, index) => publication(`${number}-${index}`, ['a'])),
      0,
    )
    const due = await events.due('a', 'x.y', 0, [], 200)
    await events.acknowledge(
      'a',
      'x.y',
      due.map(({ seq }) => seq),
    )
    await events.sweep(1_000_000)
  }
  await round(0)
  const after = await size()
  for (let number = 1; number < 6; number++) await round(number)
  expect(await size()).toBeLessThanOrEqual(after)
})
