import type { Bus } from '@sluice/bus'
import { type Placement, campaignCreate, placementList } from '@sluice/contracts'
import { type Queryable, type Sql, createJournal, json } from '@sluice/sql'
import { waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { createBacklogReader } from './store/backlogs.ts'
import { books, history } from './testing/books.ts'
import {
  ONE_WAVE,
  campaign,
  claim,
  control,
  create,
  dataOf,
  go,
  informed,
  observe,
  running,
  succeed,
  untilCampaign,
  upgrades,
} from './testing/drive.ts'
import { ACTOR, type World, someDevices } from './testing/world.ts'
import { advanceSweep, endSweep, insertSweep, nextSweep, postponeSweep } from './store/sweeps.ts'

/** A bus whose publishing fails, as if the process died after every commit. */
const mute = (real: Bus): Bus => ({ ...real, publish: () => Promise.reject(new Error('killed before the publish')) })

export function recoverySuite(open: () => Promise<World>): void {
  test('fault 54: what was committed and not published is published by who comes next', async () => {
    const world = await open()
    const doomed = await world.scheduler({}, mute)
    const { all } = await running(world, 3)
    const attemptId = await go(world, all[0]!)
    await doomed.stop()
    expect(world.placed).toEqual([])
    await world.scheduler()
    const placed = (fits: (item: Placement) => boolean) => waitUntil(() => world.placed.some(fits))
    for (const { upgradeId } of all) await placed((item) => item.op === 'put_task' && item.task.taskId === upgradeId)
    await placed((item) => item.op === 'put_watch' && item.watch.attemptId === attemptId)
  })

  test('request 14, 15: a plan goes on where it stood when the registry is back, and after a restart', async () => {
    const world = await open()
    const misfits = someDevices(120).map((device, index) =>
      index % 3 === 0 ? { ...device, productClass: 'Other' } : device,
    )
    world.devices = misfits
    world.registryRefusals = 1_000_000
    const first = await world.scheduler({ planPageSize: 4, planReplyMs: 50 })
    const draft = { name: 'test', artifactId: world.artifact.artifactId, targets: {}, policy: ONE_WAVE }
    const created = dataOf(await world.ask(campaignCreate, { draft, actor: ACTOR }))
    expect(created).toMatchObject({ state: 'planning', size: 0 })
    await first.stop()
    world.registryRefusals = 0
    await world.scheduler({ planPageSize: 4 })
    await world.scheduler({ planPageSize: 4 })
    const ready = await untilCampaign(world, created.campaignId, ({ state }) => state === 'ready')
    expect(ready).toMatchObject({ size: 80, counters: { pending: 80 } })
    expect(await upgrades(world, created.campaignId)).toHaveLength(80)
    expect((await history(world, created.campaignId, 'campaign.planned'))[0]?.data).toMatchObject({ leftOut: 40 })
    const { stored, counted } = await books(world, created.campaignId)
    expect(stored).toBe(counted)
  })

  test('a campaign goes on in another process', async () => {
    const world = await open()
    const first = await world.scheduler()
    const { campaignId, all } = await running(world, 2)
    const attempts = [await go(world, all[0]!), await go(world, all[1]!)]
    await observe(world, { deviceKey: all[0]!.deviceKey, fact: informed('2.0.0', '1 BOOT') })
    await first.stop()
    await observe(world, { deviceKey: all[1]!.deviceKey, fact: informed('1.0.0') })
    await world.scheduler()
    for (const [index, attemptId] of attempts.entries()) {
      await succeed(world, campaignId, all[index]!.deviceKey, attemptId)
    }
    await untilCampaign(world, campaignId, ({ state }) => state === 'finished')
  })

  test('request 12: an abort that was interrupted is finished by who comes next', async () => {
    const world = await open()
    const first = await world.scheduler({ sweepPageSize: 1, tickMs: 3_600_000 })
    const { campaignId } = await running(world, 12)
    await control(world, campaignId, 'abort')
    await first.stop()
    await world.scheduler({ sweepPageSize: 5 })
    await untilCampaign(world, campaignId, ({ counters }) => counters.benign === 12)
  })

  test('a sweep that always fails holds up no other', async () => {
    const world = await open()
    await world.scheduler({ sweepRestMs: 200 })
    const sick = await create(world)
    const poison = json({ state: 'retry', retryAt: 'never' })
    await world.sql.query(`update scheduler.upgrades set machine = $2 where campaign_id = $1`, [
      sick.campaignId,
      poison,
    ])
    await control(world, sick.campaignId, 'start')
    const { all } = await running(world, 3)
    const hinted = () => world.placed.flatMap((item) => (item.op === 'put_task' ? [item.task.taskId] : []))
    await waitUntil(() => all.every(({ upgradeId }) => hinted().includes(upgradeId)))
    const waiting = () => world.sql.query<{ id: string }>(`select campaign_id as id from scheduler.sweeps`)
    await waitUntil(async () => (await waiting()).map(({ id }) => id).join() === sick.campaignId)
  })

  test('what stops devices is swept before hints, and hints of several campaigns in turns', async () => {
    const world = await open()
    const scheduler = await world.scheduler()
    const ids = [await create(world), await create(world), await create(world)].map(({ campaignId }) => campaignId)
    await scheduler.stop()
    const kinds = ['hint', 'hint', 'withdraw'] as const
    for (const [index, kind] of kinds.entries()) {
      const about = { campaignId: ids[index]!, wave: 1, reason: 'test', actor: ACTOR }
      await world.sql.transaction((tx) => insertSweep(tx, { sweepId: `sweep ${index}`, kind, ...about }))
    }
    await world.sql.query(`update scheduler.owners set owner = 'me'`)
    const page = (now: number) =>
      world.sql.transaction(async (tx) => {
        const sweep = await nextSweep(tx, 'me', now)
        if (sweep?.kind === 'withdraw') await endSweep(tx, sweep.sweepId)
        else if (sweep !== undefined) await advanceSweep(tx, sweep.sweepId, 'somewhere', now)
        return sweep?.sweepId
      })
    expect([await page(1), await page(2), await page(3), await page(4)]).toEqual([
      'sweep 2',
      'sweep 0',
      'sweep 1',
      'sweep 0',
    ])
    await postponeSweep(world.sql, 'sweep 1', 10)
    expect([await page(5), await page(6)]).toEqual(['sweep 0', 'sweep 0'])
  })

  /** As if it had been killed: its campaigns are still its own, and its lease is over. */
  const left = (world: World) => world.sql.query(`update scheduler.owners set owner = 'dead'`)

  test('tallies that differ from the upgrades are mended by who comes after a dead owner, with an alarm', async () => {
    const world = await open()
    const first = await world.scheduler()
    const { campaignId, all } = await running(world, 3)
    await go(world, all[0]!)
    await first.stop()
    await world.sql.query(`update scheduler.tallies set n = n + 5 where campaign_id = $1`, [campaignId])
    await left(world)
    await world.scheduler()
    await untilCampaign(world, campaignId, ({ counters }) => counters.pending === 2 && counters.inFlight === 1)
    const alarms = await history(world, campaignId, 'alarm.raised')
    expect(alarms.map(({ data }) => (data as { code: string }).code)).toEqual(['tallies_differ'])
  })

  test('who comes after a dead owner counts without a lock, and a count that fails keeps nobody from the work', async () => {
    const world = await open()
    const first = await world.scheduler()
    const { campaignId, all } = await running(world, 2)
    await go(world, all[0]!)
    await first.stop()
    for (const fails of [false, true]) {
      await left(world)
      const texts: string[] = []
      const counted = Promise.withResolvers<void>()
      const noted = (real: Queryable): Queryable => ({
        query: async (text, values) => {
          texts.push(text)
          if (!/count\(\*\).* from scheduler\.upgrades where campaign_id/s.test(text))
            return real.query<never>(text, values)
          counted.resolve()
          if (fails) throw new Error('too slow')
          return real.query<never>(text, values)
        },
      })
      const wrapped = (real: Sql): Sql => ({
        ...real,
        ...noted(real),
        transaction: (work) => real.transaction((tx) => work(noted(tx))),
      })
      const next = await world.scheduler({}, (bus) => bus, wrapped)
      await counted.promise
      expect((await campaign(world, campaignId)).counters).toMatchObject({ pending: 1, inFlight: 1 })
      await next.stop()
      expect(texts.filter((text) => text.includes('lock table scheduler'))).toEqual([])
    }
  })

  test('gateways that lost their memory page everything back in', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 7)
    const open1 = await go(world, all[0]!)
    const cancelled = await go(world, all[1]!)
    await world.sql.query('select 1')
    const seen: Placement[] = []
    let cursor: string | undefined
    do {
      const page = dataOf(await world.ask(placementList, { limit: 3, ...(cursor === undefined ? {} : { cursor }) }))
      seen.push(...page.items)
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
    const hinted = seen.flatMap((item) => (item.op === 'put_task' ? [item.task.taskId] : []))
    expect(hinted.toSorted()).toEqual(
      all
        .slice(2)
        .map(({ upgradeId }) => upgradeId)
        .toSorted(),
    )
    const watched = seen.flatMap((item) => (item.op === 'put_watch' ? [item.watch] : []))
    expect(watched.map(({ attemptId }) => attemptId).toSorted()).toEqual([open1, cancelled].toSorted())
    expect(watched.every(({ mode }) => mode === 'open')).toBe(true)
    await control(world, campaignId, 'abort')
    await untilCampaign(world, campaignId, ({ counters }) => counters.pending === 0)
    const after = dataOf(await world.ask(placementList, { limit: 100 })).items
    const cancels = after.flatMap((item) =>
      item.op === 'put_task' && item.task.kind === 'cancel' ? [item.task.taskId] : [],
    )
    expect(cancels.toSorted()).toEqual([open1, cancelled].toSorted())
    expect(after.filter((item) => item.op === 'put_task' && item.task.kind === 'upgrade')).toEqual([])
  })

  test('upgrades whose outcome is final cost a restore nothing', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 8, { ...ONE_WAVE, timers: { finalMs: 60_000 } })
    const over = all.slice(0, 5)
    const attempts = await Promise.all(over.map((upgrade) => go(world, upgrade)))
    for (const [index, { deviceKey }] of over.entries()) {
      const fact = {
        kind: 'transfer_completed',
        commandKey: attempts[index]!,
        faultCode: 9018,
        faultString: '',
      } as const
      await observe(world, { deviceKey, fact })
    }
    await untilCampaign(world, campaignId, ({ state, counters }) => state === 'paused' && counters.hard === 5)
    await control(world, campaignId, 'resume')
    const unfinal = dataOf(await world.ask(placementList, { limit: 500 })).items
    expect(unfinal.filter(({ op }) => op === 'put_watch')).toHaveLength(5)
    expect(unfinal.filter(({ op }) => op === 'put_task')).toHaveLength(3)
    world.clock.shift(61_000)
    const all3 = all.slice(5).map(({ upgradeId }) => upgradeId)
    await waitUntil(async () => {
      const { items, next } = dataOf(await world.ask(placementList, { limit: 3 }))
      const hinted = items.flatMap((item) => (item.op === 'put_task' ? [item.task.taskId] : []))
      return next === null && hinted.toSorted().join() === all3.toSorted().join()
    })
    await control(world, campaignId, 'pause')
    expect(dataOf(await world.ask(placementList, { limit: 3 }))).toEqual({ items: [], next: null })
  })

  test('what waits can be seen, and looking costs a query now and then', async () => {
    const world = await open()
    const scheduler = await world.scheduler()
    const { all } = await running(world, 3)
    const at = world.clock.now()
    await go(world, all[0]!)
    await scheduler.stop()
    const read = createBacklogReader({ sql: world.sql, clock: world.clock })
    const empty = { sweepsWaiting: 0, outagesWaiting: 0, inDoubt: 0, campaignsRunning: 1 }
    const first = await read()
    expect(first).toEqual({ ...empty, timerLateMs: 0 })
    world.clock.shift(9_000 - (world.clock.now() - at))
    expect(await read()).toBe(first)
    world.clock.shift(600_000)
    expect((await read()).timerLateMs).toBeGreaterThan(500_000)
  })

  test('the journal is a chain that nobody has changed', async () => {
    const world = await open()
    const scheduler = await world.scheduler()
    const { all } = await running(world, 2)
    await claim(world, all[0]!)
    await scheduler.stop()
    expect(await createJournal('scheduler').verifyChain(world.sql)).toMatchObject({ kind: 'intact', unsealed: 0 })
  })
}
