import { expect, test } from 'vitest'
import { type JournalStand, message, note, out, traceId, traceparent } from './testing/journal-stand.ts'

/** What is written is read again, once, and never changed. */
export function journalRowsSuite(here: JournalStand): void {
  const { table, write } = here

  test('reads rows in the order they were written, by what they are about', async () => {
    await write(
      note('a', { campaignId: 'cmp_1' }),
      out('e1', { campaignId: 'cmp_1', upgradeId: 'upg_1', attemptId: 'fw1', deviceKey: 'd1', traceparent }),
      note('b', { campaignId: 'cmp_2', deviceKey: 'd1' }),
    )
    const all = await here.journal.read(here.sql, {})
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
    expect((await here.journal.read(here.sql, { campaignId: 'cmp_1' })).length).toBe(2)
    expect(
      (await here.journal.read(here.sql, { deviceKey: 'd1', campaignId: 'cmp_2' })).map((row) => row.data),
    ).toEqual(['b'])
    expect((await here.journal.read(here.sql, { upgradeId: 'upg_1' })).length).toBe(1)
    expect((await here.journal.read(here.sql, { attemptId: 'fw1' })).length).toBe(1)
    expect((await here.journal.read(here.sql, { afterSeq: all[0]?.seq, limit: 1 })).map((row) => row.id)).toEqual([
      'e1',
    ])
  })

  test('takes each message once', async () => {
    const accept = (...ids: string[]) => here.sql.transaction((tx) => here.journal.acceptNew(tx, ids.map(message)))
    expect(await accept('m1', 'm2', 'm1')).toEqual(new Set(['m1', 'm2']))
    expect(await accept('m2', 'm3')).toEqual(new Set(['m3']))
    expect(await accept()).toEqual(new Set())
    expect((await here.journal.read(here.sql, {})).map((row) => row.direction)).toEqual(['in', 'in', 'in'])
  })

  test('a message whose transaction was rolled back is new again', async () => {
    const failing = here.sql.transaction(async (tx) => {
      await here.journal.acceptNew(tx, [message('m1')])
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await here.sql.transaction((tx) => here.journal.acceptNew(tx, [message('m1')]))).toEqual(new Set(['m1']))
  })

  test('of many replicas with the same messages exactly one does the work', async () => {
    const ids = ['m1', 'm2', 'm3', 'm4']
    const accepted = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        here.sql.transaction((tx) => here.journal.acceptNew(tx, (n % 2 ? ids : ids.toReversed()).map(message))),
      ),
    )
    expect(accepted.flatMap((set) => [...set]).toSorted()).toEqual(ids)
  })

  test('refuses to change or delete what was written', async () => {
    await write(note('a'))
    for (const statement of ['update %s set actor = $$x$$', 'delete from %s', 'truncate %s']) {
      await expect(here.sql.query(statement.replace('%s', table('journal')))).rejects.toThrow(/append-only/)
    }
  })

  test('stores hostile text instead of failing on it', async () => {
    await write(note({ serial: 'a\0b\uD800' }))
    expect((await here.journal.read(here.sql, {}))[0]?.data).toEqual({ serial: 'a\uFFFDb\uFFFD' })
  })
}
