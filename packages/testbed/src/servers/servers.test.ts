import { Redis } from 'ioredis'
import { connect } from 'nats'
import pg from 'pg'
import { afterEach, expect, inject, test } from 'vitest'
import { freshDatabase } from '../fresh-database.ts'
import { startNats } from './nats.ts'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'
import type { TestServer } from './test-server.ts'

const started: TestServer[] = []
const keep = (server: TestServer) => (started.push(server), server)
afterEach(() => Promise.all(started.splice(0).map((server) => server.stop())))

test('PostgreSQL keeps committed rows over a kill -9 and comes back on the same port', async () => {
  const server = keep(await startPostgres())
  await onPostgres(server.url, 'create table t (n int); insert into t values (42)')
  await server.kill('SIGKILL')
  await expect(onPostgres(server.url, 'select 1')).rejects.toThrow()
  await server.restart()
  expect(await onPostgres(server.url, 'select n from t')).toEqual([{ n: 42 }])
})

test('Redis keeps what it acknowledged over a kill -9', async () => {
  const server = keep(await startRedis())
  const before = new Redis(server.url)
  before.on('error', () => {})
  await before.set('k', 'v')
  before.disconnect()
  await server.kill()
  await server.restart()
  const after = new Redis(server.url)
  expect(await after.get('k')).toBe('v')
  after.disconnect()
})

test('NATS keeps a stream over a graceful restart', async () => {
  const server = keep(await startNats())
  const before = await connect({ servers: server.url, reconnect: false })
  await (await before.jetstreamManager()).streams.add({ name: 'S', subjects: ['s.>'] })
  await before.jetstream().publish('s.one')
  await before.close()
  await server.restart()
  const after = await connect({ servers: server.url })
  expect((await (await after.jetstreamManager()).streams.info('S')).state.messages).toBe(1)
  await after.close()
})

test('a paused PostgreSQL answers nobody until it is resumed', async () => {
  const server = keep(await startPostgres())
  const client = new pg.Client({ connectionString: server.url })
  client.on('error', () => {})
  await client.connect()
  server.pause()
  let answered = false
  const answer = client.query('select 1').then(() => (answered = true))
  await expect(onPostgres(server.url, 'select 1', 300)).rejects.toThrow()
  expect(answered).toBe(false)
  server.resume()
  expect(await answer).toBe(true)
  await client.end()
})

test('each fresh database is empty and apart from the others', async () => {
  const first = await freshDatabase(inject('postgresUrl'))
  const second = await freshDatabase(inject('postgresUrl'))
  await onPostgres(first, 'create table t (n int)')
  await expect(onPostgres(second, 'select * from t')).rejects.toThrow(/does not exist/)
})

async function onPostgres(url: string, text: string, connectionTimeoutMillis = 2000) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis })
  client.on('error', () => {})
  try {
    await client.connect()
    return (await client.query(text)).rows
  } finally {
    void client.end().catch(() => {})
  }
}
