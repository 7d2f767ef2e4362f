import type { Placement } from '@sluice/contracts'
import { createLog, createManualClock, systemClock } from '@sluice/runtime'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { connectRedis } from './connect-redis.ts'
import { SUITE_START } from './hot-store.suite.ts'
import type { HotStore } from './hot-store.ts'
import { createMemoryHotStore } from './memory-hot-store.ts'

let redis: HotStore
beforeAll(async () => {
  const log = createLog({ service: 'hot-store-test', level: 'silent' })
  redis = await connectRedis({
    url: inject('redisUrl'),
    clock: systemClock,
    log,
    keyPrefix: `same-rules-${process.pid}:`,
  })
})
afterAll(() => redis.close())

const deviceKey = 'dev_' + 'a'.repeat(26)
const number = fc.integer({ min: 1, max: 4 })
const attempt = number.map((n) => 'fw' + String(n).padStart(26, '0'))
const upgrade = fc.integer({ min: 1, max: 24 }).map((n) => 'upg_' + String(n).padStart(26, '0'))
const hint = fc.record({
  kind: fc.constant('upgrade' as const),
  taskId: upgrade,
  campaignId: fc.constant('cmp_' + '0'.repeat(26)),
  weight: fc.integer({ min: -2, max: 2 }),
  notBefore: fc.constantFrom(null, '2026-11-20T13:00:00.000Z'),
  revision: number,
})
const check = fc.record({ kind: fc.constant('check' as const), taskId: attempt, revision: number })
const cancel = fc.record({ kind: fc.constant('cancel' as const), taskId: attempt, revision: number })
const call = fc.record({
  kind: fc.constant('call' as const),
  taskId: fc.integer({ min: 1, max: 60 }).map((n) => 'tsk_' + String(n).padStart(26, '0')),
  revision: number,
})
const watch = fc.record({
  attemptId: attempt,
  upgradeId: upgrade,
  campaignId: fc.constant('cmp_' + '0'.repeat(26)),
  traceparent: fc.constant(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`),
  targetVersions: fc.constant(['2|0 "x"']),
  mode: fc.constant('open' as const),
  plantInformSeconds: fc.constant(null),
  until: fc.constant('2999-12-01T00:00:00.000Z'),
  revision: number,
})
const placement = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant('put_task' as const), task: fc.oneof(hint, check, cancel, call) }),
  },
  fc.record({
    op: fc.constant('drop_task' as const),
    taskId: fc.oneof(
      upgrade,
      attempt,
      call.map(({ taskId }) => taskId),
    ),
    revision: number,
  }),
  fc.record({ op: fc.constant('put_watch' as const), watch }),
  fc.record({ op: fc.constant('drop_watch' as const), attemptId: attempt, revision: number }),
)

test('whatever is placed in whatever order, memory and Redis remember the same', async () => {
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(placement, { maxLength: 160, size: 'max' }), async (drawn) => {
      const memory = createMemoryHotStore({ clock: createManualClock(SUITE_START) })
      const key = { deviceKey: `${deviceKey}${run++}`, token: 't' }
      const recordIn = async (store: HotStore) => {
        const placements = drawn.map((each) => ({ ...each, deviceKey: key.deviceKey }) as Placement)
        await store.place(placements)
        return (await store.open([{ key, state: '', ttlMs: 60_000, version: null }]))[0]!.record
      }
      expect(await recordIn(redis)).toEqual(await recordIn(memory))
      await memory.close()
    }),
    { numRuns: 150 },
  )
})
