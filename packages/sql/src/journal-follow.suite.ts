import { expect, test } from 'vitest'
import type { JournalSubjects, Sql } from './index.ts'
import { type JournalStand, note, out } from './testing/journal-stand.ts'

type PlanNode = {
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  Plans?: PlanNode[]
}

/** Who follows misses nothing, at a cost that does not grow. */
export function journalFollowSuite(here: JournalStand): void {
  const { sequence, sealAll, table, write } = here

  /** All of the chain from a place on, page by page. */
  const followAll = async (limit: number, about: JournalSubjects = {}) => {
    const seen: number[] = []
    for (let after = '0'; ;) {
      const page = await here.journal.follow(here.sql, { after, limit, about })
      seen.push(...page.entries.map(({ seq }) => seq))
      if (page.end) return seen
      expect(page.next).not.toBe(after)
      after = page.next
    }
  }

  test('who follows the chain gets all of it in the order of sealing, or what is about somebody alone', async () => {
    await here.sql.query(`select setval(${sequence()}, 100)`)
    for (const campaignId of ['cmp_1', 'cmp_2', 'cmp_1']) {
      await write(
        ...Array.from({ length: 4 }, () => note('a', { campaignId })),
        note('b'),
        out('x' + campaignId + Math.random(), { deviceKey: 'd' }),
      )
      await sealAll()
    }
    // Committed late: below numbers that are sealed.
    await here.sql.query(`select setval(${sequence()}, 10)`)
    await write(note('late', { campaignId: 'cmp_2' }), note('late', { campaignId: 'cmp_1' }))
    await sealAll()
    const all = [...Array.from({ length: 18 }, (_, n) => 101 + n), 11, 12]
    for (const limit of [1, 4, 1_000]) {
      expect(await followAll(limit)).toEqual(all)
      expect(await followAll(limit, { campaignId: 'cmp_2' })).toEqual([107, 108, 109, 110, 11])
      expect(await followAll(limit, { deviceKey: 'd' })).toEqual([106, 112, 118])
      expect(await followAll(limit, { campaignId: 'cmp_1', deviceKey: 'd' })).toEqual([])
    }
    await expect(here.journal.follow(here.sql, { after: 'x', limit: 1 })).rejects.toMatchObject({ code: 'invalid' })
  })

  test('what cannot travel, and what was erased, is passed over by who follows', async () => {
    const [first, , erased, last] = await write(note('a'), note('b'.repeat(700_000)), note('c'), note('d'))
    await sealAll()
    await here.sql.transaction((tx) => here.journal.erase(tx, [erased!], { at: 2000, reason: 'asked for' }))
    expect(await followAll(1)).toEqual([first, last])
    expect(await followAll(10)).toEqual([first, last])
  })

  test('pages of who follows have a bound of bytes', async () => {
    const seqs = await write(...Array.from({ length: 5 }, () => note('x'.repeat(250_000))))
    await sealAll()
    const page = await here.journal.follow(here.sql, { after: '0', limit: 1_000 })
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
      ...here.sql,
      transaction: (work) =>
        here.sql.transaction((tx) =>
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
    const page = await here.journal.follow(counted, { after, limit: 500, about })
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
        const { next } = await here.journal.follow(here.sql, { after: '0', limit: 500, about })
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
    await here.sql.query(
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
}
