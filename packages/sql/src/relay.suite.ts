import { systemClock } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { createRelay, type OutgoingEvent, type Sql } from './index.ts'
import { type JournalStand, note, out, traceparent } from './testing/journal-stand.ts'

/** What was committed is published and sealed, in its order, whoever dies. */
export function relaySuite(here: JournalStand): void {
  const { relays, startRelay, table, write } = here

  test('the relay publishes committed events once, in their order, and nothing of a rolled back transaction', async () => {
    const published: OutgoingEvent[] = []
    const relay = startRelay(async (events) => void published.push(...events))
    await write(out('e1', { traceparent }), note('x'), out('e2'))
    await here.sql
      .transaction(async (tx) => {
        await here.journal.append(tx, [out('never')])
        throw new Error('no')
      })
      .catch(() => {})
    await write(...Array.from({ length: 7 }, (_, n) => out(`e${n + 3}`)))
    relay.wake()
    await waitUntil(async () => (await here.journal.backlog(here.sql)).unpublished === 0)
    expect(published.map((event) => event.id)).toEqual(['e1', 'e2', 'e3', 'e4', 'e5', 'e6', 'e7', 'e8', 'e9'])
    expect(published[0]).toEqual({ id: 'e1', name: 'upgrade.settled', key: 'k', data: { id: 'e1' }, traceparent })
  })

  test('the relay goes on by itself when the bus comes back', async () => {
    let busIsUp = false
    let attempts = 0
    const published: string[] = []
    const relay = startRelay(async (events) => {
      attempts++
      if (!busIsUp) throw new Error('no responders')
      published.push(...events.map((event) => event.id))
    })
    await write(out('e1'), out('e2'))
    relay.wake()
    await waitUntil(() => attempts >= 3)
    expect(await here.journal.backlog(here.sql)).toEqual({ unpublished: 2, oldestAt: 1000, refused: 0 })
    busIsUp = true
    await waitUntil(() => published.length === 2)
    expect(published).toEqual(['e1', 'e2'])
  })

  test('an event that the bus refuses for good is set aside with an alarm, and holds up nothing', async () => {
    await write(out('a'), out('bad'), out('b'), out('c'))
    const published: string[] = []
    const refused: unknown[] = []
    const publish = async (events: OutgoingEvent[]) => {
      for (const { id } of events) {
        if (id === 'bad') throw Object.assign(new Error('it does not fit'), { code: 'invalid_event' })
        if (!published.includes(id)) published.push(id)
      }
    }
    const isRefusedForGood = (error: unknown) => (error as { code?: string }).code === 'invalid_event'
    const onRefused = (event: OutgoingEvent, error: unknown) => void refused.push([event.id, String(error)])
    const relay = createRelay(
      { sql: here.sql, journal: here.journal, publish, clock: systemClock, isRefusedForGood, onRefused },
      { intervalMs: 20, batchSize: 3 },
    )
    relays.push(relay)
    relay.start()
    await waitUntil(async () => (await here.journal.backlog(here.sql)).unpublished === 0)
    expect(published).toEqual(['a', 'b', 'c'])
    expect(refused).toEqual([['bad', 'Error: it does not fit']])
    expect(await here.journal.backlog(here.sql)).toEqual({ unpublished: 0, oldestAt: undefined, refused: 1 })
    const [row] = await here.sql.query<{ id: string; reason: string }>(
      `select id, reason from ${table('journal_refused')} join ${table('journal')} using (seq)`,
    )
    expect(row).toEqual({ id: 'bad', reason: 'Error: it does not fit' })
  })

  test('an event whose publishing was not confirmed is published again', async () => {
    const published: string[] = []
    startRelay(async (events) => {
      published.push(...events.map((event) => event.id))
      if (published.length === 3) throw new Error('acknowledgement lost')
    })
    await write(out('e1'), out('e2'), out('e3'))
    await waitUntil(async () => (await here.journal.backlog(here.sql)).unpublished === 0)
    expect(published).toEqual(['e1', 'e2', 'e3', 'e1', 'e2', 'e3'])
  })

  test('several relays publish one at a time: together they keep the order', async () => {
    const published: string[] = []
    let inside = 0
    let most = 0
    const publish = async (events: OutgoingEvent[]) => {
      most = Math.max(most, ++inside)
      await systemClock.sleep(2)
      published.push(...events.map((event) => event.id))
      inside--
    }
    const several = [startRelay(publish), startRelay(publish), startRelay(publish)]
    const ids = Array.from({ length: 40 }, (_, n) => `e${n}`)
    for (const [n, id] of ids.entries()) {
      await write(out(id))
      several[n % 3]?.wake()
    }
    await waitUntil(async () => (await here.journal.backlog(here.sql)).unpublished === 0)
    expect(published).toEqual(ids)
    expect(most).toBe(1)
  })

  test('a relay that is slow but alive keeps its turn', async () => {
    const published: string[] = []
    const publish = async (events: OutgoingEvent[]) => {
      published.push(...events.map((event) => event.id))
      await systemClock.sleep(2_500)
    }
    startRelay(publish, { leaseMs: 1_000 })
    startRelay(publish, { leaseMs: 1_000 })
    await write(out('e1'), out('e2'))
    await waitUntil(async () => (await here.journal.backlog(here.sql)).unpublished === 0)
    expect(published).toEqual(['e1', 'e2'])
  })

  test('a woken relay does not wait for its interval, also when it is woken while it publishes', async () => {
    const published: string[] = []
    const publish = async (events: OutgoingEvent[]) => {
      published.push(...events.map((event) => event.id))
      if (published.length === 1) {
        await write(out('e2'))
        relay.wake()
      }
    }
    const relay = startRelay(publish, { intervalMs: 3_600_000 })
    await write(out('e1'))
    relay.wake()
    await waitUntil(() => published.length === 2)
    await write(out('e3'))
    relay.wake()
    await waitUntil(() => published.length === 3)
  })

  test('an event committed just after the relay has looked is not left until its next interval', async () => {
    const published: string[] = []
    const lookedInVain = async () => {
      if (published.length !== 1) return
      await write(out('e2'))
      relay.wake()
    }
    const watched: Sql = {
      ...here.sql,
      query: async <Row>(text: string, values?: readonly unknown[]) => {
        const rows = await here.sql.query<Row>(text, values)
        if (rows.length === 0 && text.startsWith('select')) await lookedInVain()
        return rows
      },
    }
    const publish = async (events: OutgoingEvent[]) => void published.push(...events.map((event) => event.id))
    const relay = createRelay(
      { sql: watched, journal: here.journal, publish, clock: systemClock },
      { intervalMs: 3_600_000 },
    )
    relays.push(relay)
    await write(out('e1'))
    relay.start()
    await waitUntil(() => published.length === 2)
  })

  test('another relay takes over from one that died with the turn', async () => {
    // A clock whose timers never fire: it cannot renew its lease, like a process that was killed.
    const deadClock = { ...systemClock, every: () => () => {} }
    const parts = { sql: here.sql, journal: here.journal, clock: deadClock, publish: () => new Promise<void>(() => {}) }
    createRelay(parts, { leaseMs: 300 }).start()
    await write(out('e1'))
    await waitUntil(async () => (await here.sql.query(`select 1 from ${table('journal_relay')}`)).length === 1)
    const published: string[] = []
    startRelay(async (events) => void published.push(...events.map((event) => event.id)))
    await waitUntil(() => published.length > 0)
    expect(published).toEqual(['e1'])
  })

  test('the relay seals what was committed, also while the bus is down', async () => {
    startRelay(() => Promise.reject(new Error('no responders')))
    await write(note('a'), out('e1'))
    await waitUntil(async () => {
      const verdict = await here.journal.verifyChain(here.sql)
      return verdict.kind === 'intact' && verdict.rows === 2
    })
  })
}
