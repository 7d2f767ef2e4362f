import { createFaultProxy, freshDatabase, startPostgres, type TestServer, waitUntil } from '@sluice/testbed'
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest'
import { connectPostgres, type PostgresSettings } from './postgres.ts'
import type { Queryable, Sql } from './sql.ts'

let server: TestServer
const opened: Sql[] = []
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.stop())
afterEach(async () => {
  server.resume()
  await Promise.all(opened.splice(0).map((sql) => sql.close()))
})

async function open(url: string, more: Partial<PostgresSettings> = {}): Promise<Sql> {
  const sql = await connectPostgres({ url, statementTimeoutMs: 400, connectTimeoutMs: 5_000, ...more })
  opened.push(sql)
  return sql
}

test('a server that is not there is unavailable', async () => {
  await expect(connectPostgres({ url: 'postgres://postgres@127.0.0.1:1/postgres' })).rejects.toMatchObject({
    code: 'unavailable',
  })
})

test('a lost server shows in the status, and a new one is used without being asked', async () => {
  const sql = await open(server.url)
  await sql.query('create table if not exists kept (n int)')
  await sql.transaction((tx) => tx.query('insert into kept values (1)'))
  await server.kill('SIGKILL')
  await expect(sql.query('select 1')).rejects.toMatchObject({ code: 'unavailable' })
  expect(sql.status()).toBe('down')
  await server.restart()
  await waitUntil(async () => (await sql.query('select n from kept')).length === 1)
  expect(sql.status()).toBe('up')
})

test('a server lost in the middle of a transaction is unavailable and commits nothing', async () => {
  const sql = await open(server.url)
  await sql.query('create table if not exists half (n int)')
  const losing = sql.transaction(async (tx) => {
    await tx.query('insert into half values (1)')
    await server.kill('SIGKILL')
    await tx.query('insert into half values (2)')
  })
  await expect(losing).rejects.toMatchObject({ code: 'unavailable' })
  await server.restart()
  expect(await sql.query('select n from half')).toEqual([])
})

test('a statement that takes too long is cut off, and its connection serves again', async () => {
  const sql = await open(server.url, { maxConnections: 1 })
  await expect(sql.query('select pg_sleep(20)')).rejects.toMatchObject({ code: 'deadline' })
  await expect(sql.transaction((tx) => tx.query('select pg_sleep(20)'))).rejects.toMatchObject({ code: 'deadline' })
  expect(await sql.query('select 1 as n')).toEqual([{ n: 1 }])
})

test('a server that has stopped answering is a deadline, not a wait for ever', async () => {
  const sql = await open(server.url)
  server.pause()
  await expect(sql.query('select 1')).rejects.toMatchObject({ code: 'deadline' })
  server.resume()
  await waitUntil(async () => (await sql.query('select 1')).length === 1)
})

test('an exhausted pool is a deadline', async () => {
  const sql = await open(server.url, { maxConnections: 1, connectTimeoutMs: 1_000, statementTimeoutMs: 10_000 })
  const busy = sql.transaction((tx) => tx.query('select pg_sleep(3)'))
  await expect(sql.query('select 1')).rejects.toMatchObject({ code: 'deadline' })
  await busy
})

test('a connection lost on the commit leaves the outcome unknown, and says so', async () => {
  const sql = await open(server.url)
  await sql.query('create table if not exists maybe (n int)')
  const losing = sql.transaction(async (tx) => {
    await tx.query('insert into maybe values (1)')
    server.pause()
  })
  await expect(losing).rejects.toMatchObject({ code: 'outcome_unknown' })
})

test('a line that breaks between statements costs one error and no more', async () => {
  const database = new URL(await freshDatabase(inject('postgresUrl')))
  const proxy = await createFaultProxy({ target: database.host })
  database.host = proxy.address
  const sql = await open(database.href)
  proxy.reset()
  await sql.query('select 1').catch(() => {})
  expect(await sql.query('select 1 as n')).toEqual([{ n: 1 }])
  await sql.close()
  await proxy.close()
})

test('a connection on which a transaction missed its deadline is not used again', async () => {
  const database = new URL(inject('postgresUrl'))
  const proxy = await createFaultProxy({ target: database.host })
  database.host = proxy.address
  const sql = await open(database.href, { maxConnections: 1 })
  const losing = sql.transaction(async (tx) => {
    proxy.set({ blackhole: true })
    await tx.query('select 1')
  })
  await expect(losing).rejects.toMatchObject({ code: 'deadline' })
  proxy.set({})
  expect(await sql.query('select 1 as n')).toEqual([{ n: 1 }])
  expect(proxy.connections().total).toBe(2)
  await sql.close()
  await proxy.close()
})

test('a deadlock is a conflict for one of the two, and the other commits', async () => {
  const sql = await open(inject('postgresUrl'), { statementTimeoutMs: 10_000 })
  const table = 'deadlock_here'
  await sql.query(
    `drop table if exists ${table}; create table ${table} (id int primary key, n int); insert into ${table} values (1, 0), (2, 0)`,
  )
  let arrived = 0
  let bothHoldOne = () => {}
  const meeting = new Promise<void>((resolve) => (bothHoldOne = resolve))
  const lockBoth = (first: number, second: number) => async (tx: Queryable) => {
    await tx.query(`update ${table} set n = n + 1 where id = $1`, [first])
    if (++arrived === 2) bothHoldOne()
    await meeting
    await tx.query(`update ${table} set n = n + 1 where id = $1`, [second])
  }
  const results = await Promise.allSettled([sql.transaction(lockBoth(1, 2)), sql.transaction(lockBoth(2, 1))])
  expect(results.map((result) => result.status).toSorted()).toEqual(['fulfilled', 'rejected'])
  expect(results.find((result) => result.status === 'rejected')).toMatchObject({ reason: { code: 'conflict' } })
  expect(await sql.query(`select n from ${table}`)).toEqual([{ n: 1 }, { n: 1 }])
  await sql.query(`drop table ${table}`)
})
