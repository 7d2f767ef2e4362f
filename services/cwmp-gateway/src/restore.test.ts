import { createMemoryHotStore, type HotStore } from '@sluice/hot-store'
import { systemClock } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { expect, inject, test } from 'vitest'
import { callHint } from './testing/call-parts.ts'
import { createCpe } from './testing/cpe.ts'
import { openStand } from './testing/stand.ts'
import { natsTransport } from './testing/transports.ts'
import { hint, watchOf } from './testing/upgrade-parts.ts'

const deviceKeys = Array.from({ length: 1_200 }, (_, i) => 'dev_' + 'a'.repeat(22) + digits(i))

test('everything that stands is paged in before any device is admitted', async () => {
  const placements = deviceKeys.map((deviceKey, i) =>
    i % 2 === 0 ? hint(deviceKey) : ({ op: 'put_watch', deviceKey, watch: watchOf() } as const),
  )
  const stand = await openStand({ transport: await natsTransport(inject('natsUrl')), placements })
  const keys = deviceKeys.map((deviceKey) => ({ deviceKey, token: 't' }))
  const opened = await stand.hotStore.open(keys.map((key) => ({ key, state: '', ttlMs: 1_000, version: null })))
  expect(opened.filter(({ record }) => record.tasks.length + (record.watch === null ? 0 : 1) === 1)).toHaveLength(1_200)
  await stand.close()
})

test('the hints of calls are paged in, too, and nobody waits for them', async () => {
  const callPlacements = deviceKeys.slice(0, 3).map((deviceKey, n) => callHint(deviceKey, n))
  const stand = await openStand({ transport: await natsTransport(inject('natsUrl')), callPlacements })
  expect(stand.gateways[0]!.isReady()).toBe(true)
  const tasksOf = async (deviceKey: string) => {
    const key = { deviceKey, token: 't' }
    const [opened] = await stand.hotStore.open([{ key, state: '', ttlMs: 1_000, version: null }])
    return opened!.record.tasks
  }
  await waitUntil(async () => (await tasksOf(deviceKeys[2]!)).length === 1)
  expect(await tasksOf(deviceKeys[0]!)).toMatchObject([{ kind: 'call' }])
  await stand.close()
})

test('the hints of calls are paged in by another gateway when the one that restored is gone before it had them all', async () => {
  const callPlacements = deviceKeys.slice(0, 3).map((deviceKey, n) => callHint(deviceKey, n))
  const hotStore = createMemoryHotStore({ clock: systemClock })
  // As a gateway leaves it that marked what it restored, and was killed while it paged the calls.
  await hotStore.tryRestoreLock('placements', 'gone', 60_000)
  await hotStore.markRestored('placements', 'gone')
  await hotStore.tryRestoreLock('calls', 'gone', 500)
  const stand = await openStand({ transport: await natsTransport(inject('natsUrl')), callPlacements, hotStore })
  await waitUntil(() => hotStore.isRestored('calls'), { deadlineMs: 20_000 })
  const opened = await hotStore.open(
    deviceKeys.slice(0, 3).map((deviceKey) => {
      return { key: { deviceKey, token: 't' }, state: '', ttlMs: 1_000, version: null }
    }),
  )
  expect(opened.map(({ record }) => record.tasks.length)).toEqual([1, 1, 1])
  await stand.close()
})

test('fault 53: the hints of calls are looked for again in their time, though the clock was set back an hour', async () => {
  let offset = 0
  let looks = 0
  const memory = createMemoryHotStore({ clock: systemClock })
  const hotStore: HotStore = {
    ...memory,
    // As long as another gateway has the lock, there is nothing to do but look.
    tryRestoreLock: async (what, owner, ttlMs) => {
      if (what === 'placements') return memory.tryRestoreLock(what, owner, ttlMs)
      looks += 1
      return 'refused'
    },
  }
  const clock = { ...systemClock, now: () => systemClock.now() + offset }
  const stand = await openStand({ transport: await natsTransport(inject('natsUrl')), hotStore, clock })
  await waitUntil(() => looks === 1)
  offset = -3_600_000
  await waitUntil(() => looks > 1)
  await stand.close()
})

test('without an answer of the scheduler nobody is admitted, and the next look tries again', async () => {
  const stand = await openStand({ transport: await natsTransport(inject('natsUrl')), keepsPlacements: true })
  const cpe = createCpe({ serial: 'S1', port: () => stand.gateways[0]!.port })
  for (const heard of [await cpe.inform(), await cpe.empty(), await cpe.post('not even XML')]) {
    expect([heard.status, heard.headers['retry-after']]).toEqual([503, '30'])
  }
  stand.keepsPlacements = false
  await waitUntil(async () => (await cpe.inform()).status === 200)
  expect(stand.informed.length).toBeLessThanOrEqual(1)
  cpe.close()
  await stand.close()
})

test('after a lost connection nobody is admitted before the store was asked again', async () => {
  const { hotStore, lose, allowLooks } = losingConnections()
  const stand = await openStand({ transport: await natsTransport(inject('natsUrl')), hotStore })
  const cpe = createCpe({ serial: 'S1', port: () => stand.gateways[0]!.port })
  expect((await cpe.inform()).status).toBe(200)
  lose()
  expect((await cpe.inform()).status).toBe(503)
  allowLooks()
  await waitUntil(async () => (await cpe.inform()).status === 200)
  cpe.close()
  await stand.close()
})

test('an Inform whose record was read over a new connection is not acknowledged', async () => {
  const { hotStore, lose, beforeOpen, allowLooks } = losingConnections()
  const stand = await openStand({ transport: await natsTransport(inject('natsUrl')), hotStore })
  const cpe = createCpe({ serial: 'S1', port: () => stand.gateways[0]!.port })
  beforeOpen(lose)
  expect((await cpe.inform()).status).toBe(503)
  beforeOpen(() => {})
  allowLooks()
  await waitUntil(async () => (await cpe.inform()).status === 200)
  await waitUntil(() => stand.informed.length === 1)
  cpe.close()
  await stand.close()
})

test('an Inform that finds that the store has just forgotten everybody is not acknowledged', async () => {
  const store = createMemoryHotStore({ clock: systemClock })
  let [forgets, hasForgotten] = [false, false]
  const hotStore: HotStore = {
    ...store,
    isRestored: async (what) => !hasForgotten && store.isRestored(what),
    markRestored: (...args) => {
      hasForgotten = false
      return store.markRestored(...args)
    },
    open: (sessions) => {
      if (forgets) hasForgotten = true
      forgets = false
      return store.open(sessions)
    },
  }
  const stand = await openStand({ transport: await natsTransport(inject('natsUrl')), hotStore })
  const cpe = createCpe({ serial: 'S1', port: () => stand.gateways[0]!.port })
  expect((await cpe.inform()).status).toBe(200)
  forgets = true
  expect((await cpe.inform()).status).toBe(503)
  await waitUntil(async () => (await cpe.inform()).status === 200)
  cpe.close()
  await stand.close()
})

/** A store whose connection is lost when the test says so; it answers no look from then on until it may. */
function losingConnections() {
  const store = createMemoryHotStore({ clock: systemClock })
  let connection = 0
  let looks = Promise.withResolvers<void>()
  looks.resolve()
  let before = () => {}
  const hotStore: HotStore = {
    ...store,
    connection: () => connection,
    isRestored: async (what) => {
      await looks.promise
      return store.isRestored(what)
    },
    open: (sessions) => {
      before()
      return store.open(sessions)
    },
  }
  return {
    hotStore,
    lose: () => {
      connection += 1
      looks = Promise.withResolvers<void>()
    },
    allowLooks: () => looks.resolve(),
    beforeOpen: (run: () => void) => {
      before = run
    },
  }
}

function digits(i: number): string {
  return Array.from(String(i).padStart(4, '0'), (digit) => 'abcdefghij'[Number(digit)]).join('')
}
