import { expect, test } from 'vitest'
import { type JournalStand, message, note, out } from './testing/journal-stand.ts'

/** What was sealed holds, also over what was erased, and shows what was changed. */
export function journalChainSuite(here: JournalStand): void {
  const { sequence, sealAll, table, tamper, write } = here

  test('the chain holds over batches, and says what is not sealed yet', async () => {
    await write(note('a'), note({ z: 1, a: [1.5, null] }))
    await sealAll()
    await here.sql.transaction((tx) => here.journal.acceptNew(tx, [message('m1')]))
    await sealAll()
    await write(out('e1'))
    expect(await here.journal.verifyChain(here.sql)).toMatchObject({ kind: 'intact', batches: 2, rows: 3, unsealed: 1 })
  })

  test('sealers at the same time do not fork the chain', async () => {
    for (let round = 0; round < 5; round++) {
      await Promise.all([
        write(note(round)),
        here.journal.seal(here.sql),
        here.journal.seal(here.sql),
        write(note(round)),
        here.journal.seal(here.sql),
      ])
    }
    await sealAll()
    expect(await here.journal.verifyChain(here.sql)).toMatchObject({ kind: 'intact', rows: 10, unsealed: 0 })
  })

  /** Counts the rows of a chain that was read up to its end, page by page. */
  const countAll = async (end: string, between: () => Promise<unknown> = async () => {}) => {
    for (let [cursor, pages] = [end, 1]; ; pages++) {
      const page = await here.journal.readChain(here.sql, { cursor, limit: 1 })
      expect(page.parts).toEqual([])
      if (page.next === null) return { pages, ...page.counts! }
      cursor = page.next
      await between()
    }
  }
  const longAgo = () => here.sql.query(`update ${table('journal_batch')} set sealed_at = now() - interval '1 hour'`)

  test('whoever verifies a long chain counts its rows piece by piece', async () => {
    const seqs = await write(...Array.from({ length: 450 }, () => note('a')))
    await sealAll()
    await longAgo()
    await here.sql.transaction((tx) =>
      here.journal.erase(tx, [seqs[0]!, seqs[120]!], { at: 2000, reason: 'asked for' }),
    )
    await write(note('b'))
    expect(await countAll('1')).toEqual({ pages: 5, stored: 451, unsealed: 1 })
    expect(await here.journal.verifyChain(here.sql)).toMatchObject({ kind: 'intact', rows: 450, unsealed: 1 })
    await tamper(`insert into ${table('journal')} (seq, direction, at, actor, kind, data) overriding system value
      select n, 'note', 1, 'x', 'x', '1' from unnest(array[-7, 9000000]) n`)
    expect(await countAll('1')).toEqual({ pages: 5, stored: 453, unsealed: 1 })
  })

  test('a row that is committed late, while rows are counted, is neither missing nor added', async () => {
    await write(...Array.from({ length: 250 }, () => note('a')))
    await sealAll()
    await longAgo()
    await here.sql.query(`select setval(${sequence()}, 260)`)
    await write(...Array.from({ length: 200 }, () => note('b')))
    await sealAll()
    // Below numbers that were sealed just now; from then on each page finds one more.
    await here.sql.query(`select setval(${sequence()}, 250)`)
    const { stored, unsealed } = await countAll('2', () => write(note('late')))
    expect(unsealed).toBeGreaterThan(1)
    expect(stored).toBe(450 + unsealed)
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
    expect((await here.journal.verifyChain(here.sql)).kind).toBe('intact')
    await tamper(statement.replaceAll('%', `${here.journal.schema}.`))
    expect(await here.journal.verifyChain(here.sql)).toMatchObject({ kind: 'broken', reason })
  })

  const erase = (...seqs: number[]) =>
    here.sql.transaction((tx) => here.journal.erase(tx, seqs, { at: 2000, reason: 'asked for' }))

  test('an erased row leaves its hash: nothing of it is read any more, and the chain holds over it', async () => {
    const [first, second, third] = await write(note('a'), note('secret'), note('c'))
    await sealAll()
    expect(await erase(second!)).toMatchObject([{ seq: second, data: 'secret' }])
    expect((await here.journal.read(here.sql, {})).map(({ seq }) => seq)).toEqual([first, third])
    expect(await here.journal.verifyChain(here.sql)).toMatchObject({ kind: 'intact', rows: 3, unsealed: 0 })
    expect(await erase(second!)).toEqual([])
    await write(note('d'))
    await sealAll()
    expect(await here.journal.verifyChain(here.sql)).toMatchObject({ kind: 'intact', batches: 2, rows: 4 })
  })

  test('what waits to be sealed, to be published, or was refused by the bus, is not erased', async () => {
    const [unpublished, refused] = await write(out('e1'), out('e2'))
    await sealAll()
    await here.sql.query(`delete from ${table('journal_outbox')} where seq = $1`, [refused])
    await here.sql.query(`insert into ${table('journal_refused')} (seq, reason) values ($1, 'too large')`, [refused])
    const [unsealed] = await write(note('a'))
    expect(await erase(unpublished!, refused!, unsealed!)).toEqual([])
    expect(await here.journal.read(here.sql, {})).toHaveLength(3)
    expect(await here.journal.verifyChain(here.sql)).toMatchObject({ kind: 'intact', rows: 2, unsealed: 1 })
  })

  test.each([
    ['another hash in the place of an erased row', 'row_changed', "update %journal_erased set hash = repeat('0', 64)"],
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
    expect((await here.journal.verifyChain(here.sql)).kind).toBe('intact')
    await tamper(statement.replaceAll('%', `${here.journal.schema}.`))
    expect(await here.journal.verifyChain(here.sql)).toMatchObject({ kind: 'broken', reason })
  })
}
