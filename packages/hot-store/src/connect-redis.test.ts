import { setTimeout as sleep } from 'node:timers/promises'
import { type Clock, createLog, createManualClock, systemClock } from '@sluice/runtime'
import { startRedis, type TestServer, waitUntil } from '@sluice/testbed'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRedis } from './connect-redis.ts'
import { hotStoreSuite, SUITE_START } from './hot-store.suite.ts'

const log = createLog({ service: 'hot-store-test', level: 'silent' })
let server: TestServer
let bare: Redis

beforeAll(async () => {
  server = await startRedis()
  bare = new Redis(server.url)
})
afterAll(async () => {
  bare.disconnect()
  await server.stop()
})

describe('the hot store on Redis', () => {
  hotStoreSuite(async () => {
    const manual = createManualClock(SUITE_START)
    // Deadlines are real, as Redis is; what time it is, the test says.
    const clock: Clock = { ...systemClock, now: () => manual.now() }
    return {
      store: await connectRedis({ url: server.url, clock, log }),
      clock: manual,
      passTime: (ms) => sleep(ms),
      age: async (deviceKey, ms) => {
        const record = `sluice:{${deviceKey}}:rec`
        await bare.pexpire(record, (await bare.pttl(record)) - ms)
      },
      forgetEverything: async () => void (await bare.flushall()),
    }
  })
})

describe('Redis', () => {
  const connect = (url = server.url, deadlineMs = 5_000) => connectRedis({ url, clock: systemClock, log, deadlineMs })

  test('an idle session costs one script per POST and no other command', async () => {
    const store = await connect()
    await bare.config('RESETSTAT')
    const key = { deviceKey: 'dev_idle', token: 'a' }
    const nonce = (count: number) => ({ id: 'abc', count, keepMs: 1_000 })
    await store.open([{ key, state: '{}', ttlMs: 1_000, version: '1.0', nonce: nonce(1) }])
    await store.resume([{ key, endIfIdle: true, nonce: nonce(2) }])
    expect(await commandsSent(bare)).toEqual({ scripts: 2, others: [] })
    await store.close()
  })

  test('every key expires', async () => {
    const store = await connect()
    const key = { deviceKey: 'dev_expiry', token: 'a' }
    const nonce = { id: 'abc', count: 1, keepMs: 5_000 }
    await store.open([{ key, state: '{}', ttlMs: 5_000, version: null, nonce }])
    const names = ['rec', 'ses:a', 'n:abc'].map((name) => `sluice:{dev_expiry}:${name}`)
    const ttls = () => Promise.all(names.map((name) => bare.pttl(name)))
    expect((await ttls()).every((ttl) => ttl > 0 && ttl <= 5_000)).toBe(true)
    await store.resume([{ key, endIfIdle: true }])
    expect((await ttls())[0]).toBeGreaterThan(24 * 3_600_000)
    await store.place([{ op: 'drop_task', deviceKey: 'dev_other', taskId: 'upg_1', revision: 1 }])
    expect(await bare.pttl('sluice:{dev_other}:rec')).toBeGreaterThan(24 * 3_600_000)
    await store.forgetCredentials(['dev_third'])
    expect(await bare.pttl('sluice:{dev_third}:rec')).toBeGreaterThan(60_000)
    await store.close()
  })

  test('fault 52: every call is refused at once while Redis is away, and served again when it is back', async () => {
    const own = await startRedis()
    const store = await connect(own.url)
    expect(store.status()).toBe('up')
    await own.kill()
    await waitUntil(() => store.status() === 'down')
    const away = { name: 'HotStoreError', code: 'unavailable' }
    const key = { deviceKey: 'dev_a', token: 'a' }
    await expect(store.open([{ key, state: '', ttlMs: 1_000, version: null }])).rejects.toMatchObject(away)
    await expect(store.resume([{ key, endIfIdle: true }])).rejects.toMatchObject(away)
    await expect(store.isRestored('placements')).rejects.toMatchObject(away)
    await own.restart()
    await waitUntil(() => store.status() === 'up')
    expect(await store.isRestored('placements')).toBe(false)
    await store.close()
    await own.stop()
  })

  test('fault 52: a Redis that comes back with what it remembers is not restored, and a restore it interrupted begins anew', async () => {
    const own = await startRedis()
    const store = await connect(own.url)
    const isBack = async () => {
      await own.kill()
      await own.restart()
      await waitUntil(() => store.status() === 'up')
    }
    const key = { deviceKey: 'dev_kept', token: 'a' }
    await store.place([{ op: 'drop_task', deviceKey: 'dev_kept', taskId: 'upg_1', revision: 1 }])
    await store.tryRestoreLock('placements', 'a', 60_000)
    await store.markRestored('placements', 'a')
    expect(await store.isRestored('placements')).toBe(true)
    await isBack()
    expect((await store.open([{ key, state: '', ttlMs: 1_000, version: null }])).length).toBe(1)
    expect(await store.isRestored('placements')).toBe(false)
    // The old lock stands in its memory, and holds neither the owner nor anybody else.
    expect(await store.markRestored('placements', 'a')).toBe(false)
    expect(await store.tryRestoreLock('placements', 'b', 60_000)).toBe('taken')
    expect(await store.tryRestoreLock('placements', 'a', 60_000)).toBe('refused')
    await isBack()
    expect(await store.tryRestoreLock('placements', 'b', 60_000)).toBe('taken')
    expect(await store.tryRestoreLock('placements', 'b', 60_000)).toBe('kept')
    expect(await store.markRestored('placements', 'b')).toBe(true)
    await store.close()
    await own.stop()
  })

  test('a lost connection is told from the one after it', async () => {
    const own = await startRedis()
    const store = await connect(own.url)
    const before = store.connection()
    expect(store.connection()).toBe(before)
    await own.kill()
    await own.restart()
    await waitUntil(() => store.status() === 'up')
    expect(store.connection()).not.toBe(before)
    await store.close()
    await own.stop()
  })

  test('fault 52: a Redis that may not be written to, or is full, refuses as one that is away, and serves again', async () => {
    const own = await startRedis()
    const store = await connect(own.url)
    const admin = new Redis(own.url)
    const key = { deviceKey: 'dev_a', token: 'a' }
    const open = () => store.open([{ key, state: 'x', ttlMs: 60_000, version: null }])
    await open()
    const refusing = async (begin: () => Promise<unknown>, end: () => Promise<unknown>) => {
      await begin()
      await expect(open()).rejects.toMatchObject({ name: 'HotStoreError', code: 'unavailable' })
      await end()
      await waitUntil(() => open().then(() => true))
    }
    // After a failover the old primary is a replica: READONLY, until the client finds the new one.
    await refusing(
      () => admin.replicaof('127.0.0.1', '1'),
      () => admin.replicaof('NO', 'ONE'),
    )
    // OOM: it evicts nothing, and what it has is still there afterwards.
    await refusing(
      () => admin.config('SET', 'maxmemory', '1'),
      () => admin.config('SET', 'maxmemory', '0'),
    )
    const [resumed] = await store.resume([{ key, endIfIdle: false }])
    expect(resumed).toMatchObject({ kind: 'resumed', state: 'x' })
    admin.disconnect()
    await store.close()
    await own.stop()
  })

  test('fault 52: a Redis that loads what it had refuses at once, is neither up nor an empty one, and serves once it has loaded', async () => {
    const own = await startRedis(SLOW_TO_LOAD)
    const store = await connect(own.url, 60_000)
    const key = { deviceKey: 'dev_a', token: 'a' }
    await store.place([{ op: 'drop_task', deviceKey: 'dev_a', taskId: 'upg_1', revision: 1 }])
    await store.open([{ key, state: 'x', ttlMs: 600_000, version: null }])
    await fill(own.url)
    await own.kill()
    const back = own.restart()
    const admin = adminOf(own.url)
    // It has its connection again, and has asked how the server is.
    await waitUntil(async () => String(await admin.client('LIST')).includes('cmd=info'))
    expect(store.status()).toBe('down')
    const away = { name: 'HotStoreError', code: 'unavailable' }
    await expect(store.open([{ key, state: '', ttlMs: 1_000, version: null }])).rejects.toMatchObject(away)
    await expect(store.resume([{ key, endIfIdle: true }])).rejects.toMatchObject(away)
    await expect(store.isRestored('placements')).rejects.toMatchObject(away)
    await expect(store.tryRestoreLock('placements', 'a', 60_000)).rejects.toMatchObject(away)
    expect(await isLoading(admin)).toBe(true)
    await admin.config('SET', 'key-load-delay', '0')
    await back
    await waitUntil(() => store.status() === 'up')
    expect(await store.isRestored('placements')).toBe(false)
    expect(await store.resume([{ key, endIfIdle: false }])).toMatchObject([{ kind: 'resumed', state: 'x' }])
    admin.disconnect()
    await store.close()
    await own.stop()
  })

  test('fault 52: a primary that a failover makes a replica refuses while it loads what the new one has, and is not restored by that', async () => {
    const [own, next] = await Promise.all([startRedis(SLOW_TO_LOAD), startRedis(SLOW_TO_LOAD)])
    const [store, elsewhere] = [await connect(own.url, 60_000), await connect(next.url)]
    for (const one of [store, elsewhere]) {
      await one.tryRestoreLock('placements', 'a', 60_000)
      await one.markRestored('placements', 'a')
    }
    const key = { deviceKey: 'dev_a', token: 'a' }
    await store.open([{ key, state: 'x', ttlMs: 600_000, version: null }])
    await fill(next.url)
    const admin = adminOf(own.url)
    const connection = store.connection()
    await admin.replicaof('127.0.0.1', String(next.port))
    await waitUntil(() => isLoading(admin), { deadlineMs: 60_000 })
    // On the connection that it has: nothing but the answers says that it is not to be had.
    await expect(store.isRestored('placements')).rejects.toMatchObject({ code: 'unavailable' })
    await expect(store.resume([{ key, endIfIdle: false }])).rejects.toMatchObject({ code: 'unavailable' })
    expect(await isLoading(admin)).toBe(true)
    await admin.config('SET', 'key-load-delay', '0')
    await waitUntil(async () => !(await isLoading(admin)))
    await admin.replicaof('NO', 'ONE')
    await waitUntil(async () => (await store.isRestored('placements')) === false)
    expect(store.connection()).toBe(connection)
    // What it had acknowledged and the new one never had is lost, and with it the session.
    expect(await store.resume([{ key, endIfIdle: false }])).toEqual([{ kind: 'unknown' }])
    admin.disconnect()
    await Promise.all([store.close(), elsewhere.close()])
    await Promise.all([own.stop(), next.stop()])
  })

  test('fault 52: a Redis that may drop keys to make room is told of, and once it did is one to be restored', async () => {
    const own = await startRedis({ 'maxmemory-policy': 'volatile-ttl' })
    const lines: string[] = []
    const heard = createLog({ service: 'hot-store-test', destination: { write: (line) => void lines.push(line) } })
    const store = await connectRedis({ url: own.url, clock: systemClock, log: heard, deadlineMs: 5_000 })
    const evicts = () => lines.filter((line) => line.includes('hot_store.redis.evicts'))
    await waitUntil(() => evicts().length === 1)
    expect(JSON.parse(evicts()[0]!)).toMatchObject({ level: 'error', policy: 'volatile-ttl' })
    const admin = new Redis(own.url)
    const key = { deviceKey: 'dev_a', token: 'a' }
    for (const owner of ['a', 'b']) {
      expect(await store.isRestored('placements')).toBe(false)
      // The lock of before holds nobody off, either.
      expect(await store.tryRestoreLock('placements', owner, 60_000)).toBe('taken')
      expect(await store.markRestored('placements', owner)).toBe(true)
      expect(await store.isRestored('placements')).toBe(true)
      await store.tryRestoreLock('calls', owner, 60_000)
      expect(await store.tryRestoreLock('calls', 'another', 60_000)).toBe('refused')
      await store.open([{ key, state: 'x', ttlMs: 60_000, version: null }])
      await admin.config('SET', 'maxmemory', '1')
      await waitUntil(async () => (await admin.keys('sluice:{dev_a}*')).length === 0)
      await admin.config('SET', 'maxmemory', '0')
      expect(await store.resume([{ key, endIfIdle: false }])).toEqual([{ kind: 'unknown' }])
      expect(await store.markRestored('calls', owner)).toBe(false)
    }
    expect(await store.isRestored('placements')).toBe(false)
    admin.disconnect()
    await store.close()
    await own.stop()
  })

  test('fault 52: a Redis that hangs is given up at the deadline', async () => {
    const own = await startRedis()
    const store = await connect(own.url, 300)
    own.pause()
    await expect(store.isRestored('placements')).rejects.toMatchObject({ code: 'unavailable' })
    own.resume()
    await store.close()
    await own.stop()
  })

  test('a store that cannot connect says so and goes on trying', async () => {
    const store = await connect('redis://127.0.0.1:1')
    expect(store.status()).toBe('down')
    await expect(store.isRestored('placements')).rejects.toMatchObject({ code: 'unavailable' })
    await store.close()
  })
})

/** 0.2 ms for each key, as long as the test likes; commands are heard about every thousand. */
const SLOW_TO_LOAD = {
  'key-load-delay': '200',
  'loading-process-events-interval-bytes': '1024',
  'repl-diskless-sync-delay': '0',
}

/** More keys than it can load before the test has looked. */
async function fill(url: string): Promise<void> {
  const redis = new Redis(url)
  await redis.eval(`for i = 1, 150000 do redis.call('SET', 'filler:' .. i, 'x') end`, 0)
  redis.disconnect()
}

/** For a server that is loading, which refuses most of what it is asked. */
function adminOf(url: string): Redis {
  const redis = new Redis(url, { enableReadyCheck: false, retryStrategy: () => 50 })
  redis.on('error', () => {})
  return redis
}

async function isLoading(admin: Redis): Promise<boolean> {
  return /^loading:1/m.test(await admin.info('persistence'))
}

/** Commands that clients sent, told apart from those scripts called (which Redis counts as well). */
async function commandsSent(redis: Redis): Promise<{ scripts: number; others: string[] }> {
  const stats = await redis.info('commandstats')
  const calls = [...stats.matchAll(/cmdstat_([\w|]+):calls=(\d+)/g)].map(([, name, n]) => [name!, Number(n)] as const)
  const calledByScripts = [
    'hset',
    'hget',
    'hmget',
    'hgetall',
    'hincrby',
    'hdel',
    'pexpire',
    'pttl',
    'del',
    'get',
    'set',
    'setrange',
  ]
  const own = ['info', 'config|resetstat']
  const isScript = (name: string) => name === 'eval' || name === 'evalsha'
  return {
    scripts: calls.filter(([name]) => isScript(name)).reduce((sum, [, n]) => sum + n, 0),
    others: calls
      .map(([name]) => name)
      .filter((name) => !isScript(name) && ![...calledByScripts, ...own].includes(name)),
  }
}
