import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { json, migrate, type Sql, SqlError } from './index.ts'

/** What both implementations promise. `open` gives an empty database. */
export function sqlSuite(name: string, open: () => Promise<Sql>): void {
  describe(name, () => {
    let sql: Sql
    beforeAll(async () => {
      sql = await open()
      await sql.query('create table item (id int primary key, note text unique)')
    })
    afterAll(() => sql.close())

    const one = async (expression: string, values?: readonly unknown[]) =>
      (await sql.query<{ v: unknown }>(`select ${expression} as v`, values))[0]?.v

    test('reads values by the table in sql.ts', async () => {
      expect(await one('9007199254740991::int8')).toBe(9007199254740991)
      expect(await one('count(*)')).toBe(1)
      expect(await one("'2026-11-20T16:00:00.123Z'::timestamptz")).toBe(Date.UTC(2026, 10, 20, 16, 0, 0, 123))
      expect(await one(`'{"a": [1, null, "x"]}'::jsonb`)).toEqual({ a: [1, null, 'x'] })
      expect(await one("'\\x00ff'::bytea")).toEqual(Uint8Array.of(0, 255))
      expect(await one('true')).toBe(true)
      expect(await one('1.5::float8')).toBe(1.5)
      expect(await one('1.50::numeric')).toBe('1.50')
      expect(await one("'2026-11-20'::date")).toBe('2026-11-20')
      expect(await one("'2026-11-20 01:02:03'::timestamp")).toBe('2026-11-20 01:02:03')
      expect(await one('null::text')).toBe(null)
      expect(await one(`array['a,b', 'c"d\\e', null, '', 'NULL']`)).toEqual(['a,b', 'c"d\\e', null, '', 'NULL'])
      expect(await one('array[[1,2],[3,4]]::int8[]')).toEqual([
        [1, 2],
        [3, 4],
      ])
      expect(await one("'{}'::text[]")).toEqual([])
      expect(await one("array['2026-11-20T16:00:00Z'::timestamptz]")).toEqual([Date.UTC(2026, 10, 20, 16)])
      expect(await one("array['2026-11-20'::date]")).toBe('{2026-11-20}')
    })

    test('refuses an integer that a number cannot hold exactly', async () => {
      await expect(one('9007199254740993::int8')).rejects.toMatchObject({ code: 'invalid' })
    })

    test('writes values and reads them back', async () => {
      for (const value of ['plain', '', "quote ' and \\ backslash", '\u{1F600} ü', '{"looks": "like json"}'])
        expect(await one('$1::text', [value])).toBe(value)
      expect(await one('$1::int8', [2 ** 40])).toBe(2 ** 40)
      expect(await one('$1::int8', [12n])).toBe(12)
      expect(await one('$1::bool', [false])).toBe(false)
      expect(await one('$1::bytea', [Uint8Array.of(1, 0, 254)])).toEqual(Uint8Array.of(1, 0, 254))
      expect(await one('$1::text', [null])).toBe(null)
      expect(await one('$1::text', [undefined])).toBe(null)
      expect(await one('$1::text', [7])).toBe('7')
      expect(await one('$1::jsonb', [json([1, 'two', { three: 3 }])])).toEqual([1, 'two', { three: 3 }])
      expect(await one('$1::jsonb', [json('text')])).toBe('text')
      expect(await one('$1::jsonb', [{ a: 1 }])).toEqual({ a: 1 })
      expect(await one('$1::text[]', [['a,b', 'c"d\\', null, '{}']])).toEqual(['a,b', 'c"d\\', null, '{}'])
      expect(await one('$1::int8[]', [[]])).toEqual([])
      expect(await one('2 = any($1::int8[])', [[1, 2]])).toBe(true)
      expect(await one('$1::timestamptz', [new Date(1_700_000_000_123)])).toBe(1_700_000_000_123)
    })

    test('stores JSON with NUL and lone surrogates as replacement characters', async () => {
      expect(await one('$1::jsonb', [json({ 'k\0': 'a\0b\uD800c', fine: '\\u0000' })])).toEqual({
        'k\uFFFD': 'a\uFFFDb\uFFFDc',
        fine: '\\u0000',
      })
    })

    test('runs several statements of one text and answers with the last rows', async () => {
      expect(await sql.query('select 1 as a; select 2 as b')).toEqual([{ b: 2 }])
    })

    test('commits when the work resolves and rolls back when it rejects, with the error as it was thrown', async () => {
      await sql.transaction((tx) => tx.query("insert into item values (1, 'kept')"))
      const reason = new Error('changed my mind')
      await expect(
        sql.transaction(async (tx) => {
          await tx.query("insert into item values (2, 'dropped')")
          throw reason
        }),
      ).rejects.toBe(reason)
      expect(await sql.query('select id from item order by id')).toEqual([{ id: 1 }])
    })

    test('a swallowed failure does not pass as a commit', async () => {
      await expect(
        sql.transaction(async (tx) => {
          await tx.query("insert into item values (30, 'never')")
          await tx.query('select 1/0').catch(() => {})
        }),
      ).rejects.toMatchObject({ code: 'invalid' })
      expect(await sql.query('select id from item where id = 30')).toEqual([])
    })

    test('refuses a nested transaction and an outside statement from within a transaction, at once', async () => {
      await expect(sql.transaction(() => sql.transaction(async () => 1))).rejects.toMatchObject({
        code: 'nested_transaction',
      })
      await expect(sql.transaction(() => sql.query('select 1'))).rejects.toMatchObject({ code: 'nested_transaction' })
      expect(await one('1')).toBe(1)
    })

    test('what a transaction started and left running may use the database afterwards', async () => {
      let later: Promise<unknown> = Promise.resolve()
      let finish = () => {}
      const finished = new Promise<void>((resolve) => (finish = resolve))
      await sql.transaction(async () => {
        later = finished.then(() => sql.query('select 5 as five'))
      })
      finish()
      expect(await later).toEqual([{ five: 5 }])
    })

    test('statements started together in one transaction run in their order', async () => {
      const rows = await sql.transaction((tx) =>
        Promise.all([tx.query('select 1 as n'), tx.query('select 2 as n'), tx.query('select 3 as n')]),
      )
      expect(rows).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]])
    })

    test('a transaction is of no use after its end', async () => {
      const tx = await sql.transaction(async (inner) => inner)
      await expect(tx.query('select 1')).rejects.toBeInstanceOf(SqlError)
    })

    test('many transactions at once all get their turn', async () => {
      await sql.query(
        'create table if not exists counter (n int8 not null); delete from counter; insert into counter values (0)',
      )
      await Promise.all(
        Array.from({ length: 40 }, () => sql.transaction((tx) => tx.query('update counter set n = n + 1'))),
      )
      expect(await sql.query('select n from counter')).toEqual([{ n: 40 }])
    })

    test('names the constraint that was violated', async () => {
      await sql.query("insert into item values (10, 'ten')")
      await expect(sql.query("insert into item values (11, 'ten')")).rejects.toMatchObject({
        name: 'SqlError',
        code: 'constraint',
        constraint: 'item_note_key',
      })
    })

    test('calls a wrong statement invalid', async () => {
      await expect(sql.query('selekt 1')).rejects.toMatchObject({ code: 'invalid' })
      await expect(sql.query('select $1::int', ['x'])).rejects.toMatchObject({ code: 'invalid' })
    })

    test('migrates once, in order, and refuses an edited migration', async () => {
      const first = { id: '001', sql: 'create table thing (id int); insert into thing values (1)' }
      const second = { id: '002', sql: 'alter table thing add column more text' }
      expect(await migrate(sql, { schema: 'mig', migrations: [first] })).toEqual({ applied: ['001'] })
      expect(await migrate(sql, { schema: 'mig', migrations: [first, second] })).toEqual({ applied: ['002'] })
      expect(await migrate(sql, { schema: 'mig', migrations: [first, second] })).toEqual({ applied: [] })
      expect(await sql.query('select * from mig.thing')).toEqual([{ id: 1, more: null }])
      await expect(migrate(sql, { schema: 'mig', migrations: [{ ...first, sql: 'select 1' }] })).rejects.toMatchObject({
        code: 'edited_migration',
      })
    })

    test('a failing migration leaves nothing behind', async () => {
      const migrations = [
        { id: '001', sql: 'create table half (id int)' },
        { id: '002', sql: 'select * from nowhere' },
      ]
      await expect(migrate(sql, { schema: 'broken', migrations })).rejects.toMatchObject({ code: 'invalid' })
      expect(await sql.query("select 1 from pg_namespace where nspname = 'broken'")).toEqual([])
    })

    test('replicas that migrate at the same time do not disturb each other', async () => {
      const migrations = [{ id: '001', sql: 'create table once (id int)' }]
      const results = await Promise.all(
        Array.from({ length: 4 }, () => migrate(sql, { schema: 'together', migrations })),
      )
      expect(results.flatMap((result) => result.applied)).toEqual(['001'])
    })

    test('refuses everything after it was closed', async () => {
      const another = await open()
      expect(another.status()).toBe('up')
      await another.close()
      await another.close()
      await expect(another.query('select 1')).rejects.toMatchObject({ code: 'closed' })
      await expect(another.transaction(async () => 1)).rejects.toMatchObject({ code: 'closed' })
    })
  })
}
