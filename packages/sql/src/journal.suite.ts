import { systemClock } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  createJournal,
  createRelay,
  type Journal,
  type JournalSubjects,
  migrate,
  type NoteEntry,
  type OutEntry,
  type OutgoingEvent,
  type Relay,
  type RelaySettings,
  type Sql,
} from './index.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const traceparent = `00-${traceId}-b7ad6b7169203331-01`

export const out = (id: string, more: Partial<OutEntry> = {}): OutEntry => ({
  direction: 'out',
  id,
  key: 'k',
  at: 1000,
  actor: 'scheduler',
  kind: 'upgrade.settled',
  data: { id },
  ...more,
})
export const note = (data: unknown, more: Partial<NoteEntry> = {}): NoteEntry => ({
  direction: 'note',
  at: 1000,
  actor: 'operator',
  kind: 'campaign.paused',
  data,
  ...more,
})
type PlanNode = {
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  Plans?: PlanNode[]
}
const message = (id: string) => ({ id, at: 1000, actor: 'gateway', kind: 'attempt.observed', data: {} })

/** What the journal and the relay promise on both implementations. `open` gives an empty database. */
export function journalSuite(name: string, open: () => Promise<Sql>): void {
  describe(name, () => {
    let sql: Sql
    let journal: Journal
    let schemas = 0
    const relays: Relay[] = []

    beforeAll(async () => {
      sql = await open()
    })
    afterAll(() => sql.close())
    beforeEach(async () => {
      journal = createJournal(`j${++schemas}`)
      await migrate(sql, { schema: journal.schema, migrations: journal.migrations })
    })
    afterEach(() => Promise.all(relays.splice(0).map((relay) => relay.stop())))

    const write = (...entries: (OutEntry | NoteEntry)[]) => sql.transaction((tx) => journal.append(tx, entries))
    const table = (suffix: string) => `${journal.schema}.${suffix}`
    const startRelay = (publish: (events: OutgoingEvent[]) => Promise<void>, settings: RelaySettings = {}) => {
      const relay = createRelay(
        { sql, journal, publish, clock: systemClock },
        { intervalMs: 20, sealEveryMs: 20, batchSize: 3, ...settings },
      )
      relays.push(relay)
      relay.start()
      return relay
    }
    /** Without the guard an attacker with rights on the table would have to get around. */
    const tamper = (statement: string) => sql.query(`alter table ${table('journal')} disable trigger all; ${statement}`)
    const sealAll = async () => {
      while ((await journal.seal(sql)) > 0);
    }

    test('reads rows in the order they were written, by what they are about', async () => {
      await write(
        note('a', { campaignId: 'cmp_1' }),
        out('e1', { campaignId: 'cmp_1', upgradeId: 'upg_1', attemptId: 'fw1', deviceKey: 'd1', traceparent }),
        note('b', { campaignId: 'cmp_2', deviceKey: 'd1' }),
      )
      const all = await journal.read(sql, {})
      expect(all.map((row) => row.data)).toEqual(['a', { id: 'e1' }, 'b'])
      expect(all[1]).toEqual({
        seq: all[1]?.seq,
        at: 1000,
        direction: 'out',
        id: 'e1',
        key: 'k',
        actor: 'scheduler',
        kind: 'upgrade.settled',
        data: { id: 'e1' },
        campaignId: 'cmp_1',
        upgradeId: 'upg_1',
        attemptId: 'fw1',
        deviceKey: 'd1',
        traceId,
      })
      expect((await journal.read(sql, { campaignId: 'cmp_1' })).length).toBe(2)
      expect((await journal.read(sql, { deviceKey: 'd1', campaignId: 'cmp_2' })).map((row) => row.data)).toEqual(['b'])
      expect((await journal.read(sql, { upgradeId: 'upg_1' })).length).toBe(1)
      expect((await journal.read(sql, { attemptId: 'fw1' })).length).toBe(1)
      expect((await journal.read(sql, { afterSeq: all[0]?.seq, limit: 1 })).map((row) => row.id)).toEqual(['e1'])
    })

    test('takes each message once', async () => {
      const accept = (...ids: string[]) => sql.transaction((tx) => journal.acceptNew(tx, ids.map(message)))
      expect(await accept('m1', 'm2', 'm1')).toEqual(new Set(['m1', 'm2']))
      expect(await accept('m2', 'm3')).toEqual(new Set(['m3']))
      expect(await accept()).toEqual(new Set())
      expect((await journal.read(sql, {})).map((row) => row.direction)).toEqual(['in', 'in', 'in'])
    })

    test('a message whose transaction was rolled back is new again', async () => {
      const failing = sql.transaction(async (tx) => {
        await journal.acceptNew(tx, [message('m1')])
        throw new Error('no')
      })
      await expect(failing).rejects.toThrow('no')
      expect(await sql.transaction((tx) => journal.acceptNew(tx, [message('m1')]))).toEqual(new Set(['m1']))
    })

    test('of many replicas with the same messages exactly one does the work', async () => {
      const ids = ['m1', 'm2', 'm3', 'm4']
      const accepted = await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          sql.transaction((tx) => journal.acceptNew(tx, (n % 2 ? ids : ids.toReversed()).map(message))),
        ),
      )
      expect(accepted.flatMap((set) => [...set]).toSorted()).toEqual(ids)
    })

    test('refuses to change or delete what was written', async () => {
      await write(note('a'))
      for (const statement of ['update %s set actor = $$x$$', 'delete from %s', 'truncate %s']) {
        await expect(sql.query(statement.replace('%s', table('journal')))).rejects.toThrow(/append-only/)
      }
    })

    test('stores hostile text instead of failing on it', async () => {
      await write(note({ serial: 'a\0b\uD800' }))
      expect((await journal.read(sql, {}))[0]?.data).toEqual({ serial: 'a\uFFFDb\uFFFD' })
    })

    test('the relay publishes committed events once, in their order, and nothing of a rolled back transaction', async () => {
      const published: OutgoingEvent[] = []
      const relay = startRelay(async (events) => void published.push(...events))
      await write(out('e1', { traceparent }), note('x'), out('e2'))
      await sql
        .transaction(async (tx) => {
          await journal.append(tx, [out('never')])
          throw new Error('no')
        })
        .catch(() => {})
      await write(...Array.from({ length: 7 }, (_, n) => out(`e${n + 3}`)))
      relay.wake()
      await waitUntil(async () => (await journal.backlog(sql)).unpublished === 0)
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
      expect(await journal.backlog(sql)).toEqual({ unpublished: 2, oldestAt: 1000, refused: 0 })
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
        { sql, journal, publish, clock: systemClock, isRefusedForGood, onRefused },
        { intervalMs: 20, batchSize: 3 },
      )
      relays.push(relay)
      relay.start()
      await waitUntil(async () => (await journal.backlog(sql)).unpublished === 0)
      expect(published).toEqual(['a', 'b', 'c'])
      expect(refused).toEqual([['bad', 'Error: it does not fit']])
      expect(await journal.backlog(sql)).toEqual({ unpublished: 0, oldestAt: undefined, refused: 1 })
      const [row] = await sql.query<{ id: string; reason: string }>(
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
      await waitUntil(async () => (await journal.backlog(sql)).unpublished === 0)
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
      await waitUntil(async () => (await journal.backlog(sql)).unpublished === 0)
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
      await waitUntil(async () => (await journal.backlog(sql)).unpublished === 0)
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
        ...sql,
        query: async <Row>(text: string, values?: readonly unknown[]) => {
          const rows = await sql.query<Row>(text, values)
          if (rows.length === 0 && text.startsWith('select')) await lookedInVain()
          return rows
        },
      }
      const publish = async (events: OutgoingEvent[]) => void published.push(...events.map((event) => event.id))
      const relay = createRelay({ sql: watched, journal, publish, clock: systemClock }, { intervalMs: 3_600_000 })
      relays.push(relay)
      await write(out('e1'))
      relay.start()
      await waitUntil(() => published.length === 2)
    })

    test('another relay takes over from one that died with the turn', async () => {
      // A clock whose timers never fire: it cannot renew its lease, like a process that was killed.
      const deadClock = { ...systemClock, every: () => () => {} }
      const parts = { sql, journal, clock: deadClock, publish: () => new Promise<void>(() => {}) }
      createRelay(parts, { leaseMs: 300 }).start()
      await write(out('e1'))
      await waitUntil(async () => (await sql.query(`select 1 from ${table('journal_relay')}`)).length === 1)
      const published: string[] = []
      startRelay(async (events) => void published.push(...events.map((event) => event.id)))
      await waitUntil(() => published.length > 0)
      expect(published).toEqual(['e1'])
    })

    test('the chain holds over batches, and says what is not sealed yet', async () => {
      await write(note('a'), note({ z: 1, a: [1.5, null] }))
      await sealAll()
      await sql.transaction((tx) => journal.acceptNew(tx, [message('m1')]))
      await sealAll()
      await write(out('e1'))
      expect(await journal.verifyChain(sql)).toMatchObject({ kind: 'intact', batches: 2, rows: 3, unsealed: 1 })
    })

    test('sealers at the same time do not fork the chain', async () => {
      for (let round = 0; round < 5; round++) {
        await Promise.all([
          write(note(round)),
          journal.seal(sql),
          journal.seal(sql),
          write(note(round)),
          journal.seal(sql),
        ])
      }
      await sealAll()
      expect(await journal.verifyChain(sql)).toMatchObject({ kind: 'intact', rows: 10, unsealed: 0 })
    })

    /** All of the chain from a place on, page by page. */
    const followAll = async (limit: number, about: JournalSubjects = {}) => {
      const seen: number[] = []
      for (let after = '0'; ;) {
        const page = await journal.follow(sql, { after, limit, about })
        seen.push(...page.entries.map(({ seq }) => seq))
        if (page.end) return seen
        expect(page.next).not.toBe(after)
        after = page.next
      }
    }
    const sequence = () => `pg_get_serial_sequence('${table('journal')}', 'seq')`

    test('who follows the chain gets all of it in the order of sealing, or what is about somebody alone', async () => {
      await sql.query(`select setval(${sequence()}, 100)`)
      for (const campaignId of ['cmp_1', 'cmp_2', 'cmp_1']) {
        await write(
          ...Array.from({ length: 4 }, () => note('a', { campaignId })),
          note('b'),
          out('x' + campaignId + Math.random(), { deviceKey: 'd' }),
        )
        await sealAll()
      }
      // Committed late: below numbers that are sealed.
      await sql.query(`select setval(${sequence()}, 10)`)
      await write(note('late', { campaignId: 'cmp_2' }), note('late', { campaignId: 'cmp_1' }))
      await sealAll()
      const all = [...Array.from({ length: 18 }, (_, n) => 101 + n), 11, 12]
      for (const limit of [1, 4, 1_000]) {
        expect(await followAll(limit)).toEqual(all)
        expect(await followAll(limit, { campaignId: 'cmp_2' })).toEqual([107, 108, 109, 110, 11])
        expect(await followAll(limit, { deviceKey: 'd' })).toEqual([106, 112, 118])
        expect(await followAll(limit, { campaignId: 'cmp_1', deviceKey: 'd' })).toEqual([])
      }
      await expect(journal.follow(sql, { after: 'x', limit: 1 })).rejects.toMatchObject({ code: 'invalid' })
    })

    test('what cannot travel, and what was erased, is passed over by who follows', async () => {
      const [first, , erased, last] = await write(note('a'), note('b'.repeat(700_000)), note('c'), note('d'))
      await sealAll()
      await sql.transaction((tx) => journal.erase(tx, [erased!], { at: 2000, reason: 'asked for' }))
      expect(await followAll(1)).toEqual([first, last])
      expect(await followAll(10)).toEqual([first, last])
    })

    test('pages of who follows have a bound of bytes', async () => {
      const seqs = await write(...Array.from({ length: 5 }, () => note('x'.repeat(250_000))))
      await sealAll()
      const page = await journal.follow(sql, { after: '0', limit: 1_000 })
      expect(page.entries.map(({ seq }) => seq)).toEqual(seqs.slice(0, 2))
      expect(await followAll(1_000)).toEqual(seqs)
    })

    /** One poll: how many statements it takes, and how many rows the database looks at in all of them. */
    const poll = async (after: string, about: JournalSubjects) => {
      let [looked, statements] = [0, 0]
      const count = (node: PlanNode): number =>
        node['Actual Loops'] * (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) +
        (node.Plans ?? []).map(count).reduce((a, b) => a + b, 0)
      const counted: Sql = {
        ...sql,
        transaction: (work) =>
          sql.transaction((tx) =>
            work({
              query: async (text, values) => {
                if (text.startsWith('set transaction')) {
                  await tx.query(text)
                  return tx.query('set local enable_seqscan = off')
                }
                const [row] = await tx.query<Record<string, [{ Plan: PlanNode }]>>(
                  `explain (analyze, format json) ${text}`,
                  values,
                )
                statements += 1
                looked += count(Object.values(row!)[0]![0].Plan)
                return tx.query(text, values)
              },
            }),
          ),
      }
      const page = await journal.follow(counted, { after, limit: 500, about })
      return { looked, statements, ...page }
    }

    test.each([
      ['everything', {}],
      ['one campaign', { campaignId: 'cmp_1' }],
    ])(
      'a poll of who follows %s looks, at the end of the journal, at as many rows however long that is',
      async (_, about) => {
        const atEnd: number[] = []
        for (const batches of [2, 30]) {
          for (let n = 0; n < batches; n++) {
            await write(note('a', { campaignId: 'cmp_1' }), note('b'))
            await sealAll()
          }
          const { next } = await journal.follow(sql, { after: '0', limit: 500, about })
          const { looked, entries, end } = await poll(next, about)
          expect({ entries, end }).toEqual({ entries: [], end: true })
          atEnd.push(looked)
        }
        expect(atEnd[1]).toBe(atEnd[0])
      },
    )

    test('who follows one campaign passes over the batches of others, a bounded number for a page', async () => {
      await write(note('a', { campaignId: 'cmp_1' }))
      await sealAll()
      await sql.query(
        `insert into ${table('journal_batch')} select n, '{1}', '', '', now(), 2 from generate_series(2, 2500) n`,
      )
      await write(note('b', { campaignId: 'cmp_2' }))
      await sealAll()
      const places = ['0']
      for (let end = false; !end;) {
        const page = await poll(places.at(-1)!, { campaignId: 'cmp_2' })
        places.push(page.next)
        end = page.end
        expect(page.entries).toHaveLength(end ? 1 : 0)
        expect(page.statements).toBeLessThan(5)
      }
      expect(places).toEqual(['0', '1000', '2000', '2501'])
    })

    /** Counts the rows of a chain that was read up to its end, page by page. */
    const countAll = async (end: string, between: () => Promise<unknown> = async () => {}) => {
      for (let [cursor, pages] = [end, 1]; ; pages++) {
        const page = await journal.readChain(sql, { cursor, limit: 1 })
        expect(page.parts).toEqual([])
        if (page.next === null) return { pages, ...page.counts! }
        cursor = page.next
        await between()
      }
    }
    const longAgo = () => sql.query(`update ${table('journal_batch')} set sealed_at = now() - interval '1 hour'`)

    test('whoever verifies a long chain counts its rows piece by piece', async () => {
      const seqs = await write(...Array.from({ length: 450 }, () => note('a')))
      await sealAll()
      await longAgo()
      await sql.transaction((tx) => journal.erase(tx, [seqs[0]!, seqs[120]!], { at: 2000, reason: 'asked for' }))
      await write(note('b'))
      expect(await countAll('1')).toEqual({ pages: 5, stored: 451, unsealed: 1 })
      expect(await journal.verifyChain(sql)).toMatchObject({ kind: 'intact', rows: 450, unsealed: 1 })
      await tamper(`insert into ${table('journal')} (seq, direction, at, actor, kind, data) overriding system value
        select n, 'note', 1, 'x', 'x', '1' from unnest(array[-7, 9000000]) n`)
      expect(await countAll('1')).toEqual({ pages: 5, stored: 453, unsealed: 1 })
    })

    test('a row that is committed late, while rows are counted, is neither missing nor added', async () => {
      await write(...Array.from({ length: 250 }, () => note('a')))
      await sealAll()
      await longAgo()
      await sql.query(`select setval(${sequence()}, 260)`)
      await write(...Array.from({ length: 200 }, () => note('b')))
      await sealAll()
      // Below numbers that were sealed just now; from then on each page finds one more.
      await sql.query(`select setval(${sequence()}, 250)`)
      const { stored, unsealed } = await countAll('2', () => write(note('late')))
      expect(unsealed).toBeGreaterThan(1)
      expect(stored).toBe(450 + unsealed)
    })

    test('the relay seals what was committed, also while the bus is down', async () => {
      startRelay(() => Promise.reject(new Error('no responders')))
      await write(note('a'), out('e1'))
      await waitUntil(async () => {
        const verdict = await journal.verifyChain(sql)
        return verdict.kind === 'intact' && verdict.rows === 2
      })
    })

    test.each([
      ['a changed row', 'row_changed', "update %journal set actor = 'somebody else' where id = 'e2'"],
      ['changed data', 'row_changed', `update %journal set data = '{"id": "e9"}' where id = 'e2'`],
      ['a deleted row', 'row_missing', "delete from %journal where id = 'e2'"],
      [
        'an added row',
        'row_added',
        "insert into %journal (direction, at, actor, kind, data) values ('note', 1, 'x', 'x', '1')",
      ],
      ['a deleted batch', 'batch_missing', 'delete from %journal_batch where number = 2'],
      ['a row taken out of the queue to the chain', 'row_added', 'delete from %journal_unsealed'],
    ])('the chain shows %s', async (_, reason, statement) => {
      for (const id of ['e1', 'e2', 'e3']) {
        await write(out(id))
        await sealAll()
      }
      await write(out('e4'))
      expect((await journal.verifyChain(sql)).kind).toBe('intact')
      await tamper(statement.replaceAll('%', `${journal.schema}.`))
      expect(await journal.verifyChain(sql)).toMatchObject({ kind: 'broken', reason })
    })

    const erase = (...seqs: number[]) =>
      sql.transaction((tx) => journal.erase(tx, seqs, { at: 2000, reason: 'asked for' }))

    test('an erased row leaves its hash: nothing of it is read any more, and the chain holds over it', async () => {
      const [first, second, third] = await write(note('a'), note('secret'), note('c'))
      await sealAll()
      expect(await erase(second!)).toMatchObject([{ seq: second, data: 'secret' }])
      expect((await journal.read(sql, {})).map(({ seq }) => seq)).toEqual([first, third])
      expect(await journal.verifyChain(sql)).toMatchObject({ kind: 'intact', rows: 3, unsealed: 0 })
      expect(await erase(second!)).toEqual([])
      await write(note('d'))
      await sealAll()
      expect(await journal.verifyChain(sql)).toMatchObject({ kind: 'intact', batches: 2, rows: 4 })
    })

    test('what waits to be sealed, to be published, or was refused by the bus, is not erased', async () => {
      const [unpublished, refused] = await write(out('e1'), out('e2'))
      await sealAll()
      await sql.query(`delete from ${table('journal_outbox')} where seq = $1`, [refused])
      await sql.query(`insert into ${table('journal_refused')} (seq, reason) values ($1, 'too large')`, [refused])
      const [unsealed] = await write(note('a'))
      expect(await erase(unpublished!, refused!, unsealed!)).toEqual([])
      expect(await journal.read(sql, {})).toHaveLength(3)
      expect(await journal.verifyChain(sql)).toMatchObject({ kind: 'intact', rows: 2, unsealed: 1 })
    })

    test.each([
      [
        'another hash in the place of an erased row',
        'row_changed',
        "update %journal_erased set hash = repeat('0', 64)",
      ],
      ['an erased row without its hash', 'row_missing', 'delete from %journal_erased'],
      [
        'something else written in the place of an erased row',
        'row_changed',
        `insert into %journal (seq, direction, at, actor, kind, data) overriding system value
           select seq, 'note', 1000, 'operator', 'campaign.paused', '"forged"' from %journal_erased`,
      ],
    ])('the chain shows %s', async (_, reason, statement) => {
      const [seq] = await write(note('a'), note('b'))
      await sealAll()
      await erase(seq!)
      expect((await journal.verifyChain(sql)).kind).toBe('intact')
      await tamper(statement.replaceAll('%', `${journal.schema}.`))
      expect(await journal.verifyChain(sql)).toMatchObject({ kind: 'broken', reason })
    })
  })
}
