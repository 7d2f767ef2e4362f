import type { Bus } from '@sluice/bus'
import {
  type CampaignDraft,
  type DataOf,
  type Device,
  type InputOf,
  type OutputOf,
  type PolicyDraft,
  campaignControl,
  campaignCreate,
  deviceChanged,
  deviceList,
} from '@sluice/contracts'
import { createIds } from '@sluice/runtime'
import type { Queryable, Sql } from '@sluice/sql'
import { waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { books, history } from '../testing/books.ts'
import {
  ONE_WAVE,
  campaign,
  claim,
  control,
  create,
  dataOf,
  go,
  running,
  succeed,
  until,
  untilCampaign,
  upgrades,
} from '../testing/drive.ts'
import { ACTOR, NEW, type World, someDevices } from '../testing/world.ts'

const HOUR = 3_600_000
const ids = createIds()

async function createDynamic(world: World, policy: PolicyDraft = ONE_WAVE): Promise<string> {
  const dynamic = { endsAt: new Date(world.clock.now() + HOUR).toISOString() }
  const draft: CampaignDraft = { name: 'test', artifactId: world.artifact.artifactId, targets: {}, policy, dynamic }
  return dataOf(await world.ask(campaignCreate, { draft, actor: ACTOR })).campaignId
}

/** Devices that come to be there now, beside those that are. */
function arrive(world: World, count: number): void {
  const known = new Set(world.devices.map(({ deviceKey }) => deviceKey))
  const changedAt = new Date(world.clock.now()).toISOString()
  const fresh = someDevices(world.devices.length + count).filter(({ deviceKey }) => !known.has(deviceKey))
  world.devices = [...world.devices, ...fresh.map((device) => ({ ...device, changedAt }))].toSorted((a, b) =>
    a.deviceKey < b.deviceKey ? -1 : 1,
  )
}

const quick = { dynamicEveryMs: 20 }
const whenSize = (world: World, campaignId: string, size: number) =>
  untilCampaign(world, campaignId, (one) => one.size === size)

type Change = DataOf<typeof deviceChanged>['items'][number]

async function tell(world: World, items: readonly Change[], id = ids.event()): Promise<void> {
  await world.registry.publish(deviceChanged, [{ id, key: '00', data: { items: [...items] } }])
}

/** Resolves when it was heard. */
async function tellAndWait(world: World, items: readonly Change[]): Promise<void> {
  const id = ids.event()
  await tell(world, items, id)
  await waitUntil(async () => (await world.sql.query(`select 1 from scheduler.journal where id = $1`, [id])).length > 0)
}

/** A bus on which something happens between the reading of a page of the inventory and its arrival. */
function afterPages(
  real: Bus,
  happens: (asked: InputOf<typeof deviceList>, devices: readonly Device[]) => Promise<void>,
): Bus {
  return {
    ...real,
    async request(message, input, options) {
      const reply = await real.request(message, input, options)
      if (message.name === deviceList.name && reply.ok) {
        await happens(input as InputOf<typeof deviceList>, (reply.data as OutputOf<typeof deviceList>).items)
      }
      return reply
    },
  }
}

export function dynamicSuite(open: () => Promise<World>): void {
  test('rule 2; request 6: who comes to fit the targets joins in the wave of its rank, is hinted where that is open, and the books hold', async () => {
    const world = await open()
    await world.scheduler(quick)
    const waves: PolicyDraft['waves'] = [
      { size: { devices: [world.devices[0]!.name] }, advance: 'manual' },
      { size: { percent: 50 }, advance: 'manual' },
      { size: { percent: 100 }, advance: 'manual' },
    ]
    const campaignId = await createDynamic(world, { ...ONE_WAVE, waves })
    await control(world, campaignId, 'start')
    arrive(world, 30)
    const grown = await whenSize(world, campaignId, 40)
    expect(grown.dynamic).not.toBeNull()
    expect(grown.waves[0]!.size).toBe(1)
    expect(grown.waves.map(({ size }) => size).reduce((a, b) => a + b, 0)).toBe(40)
    expect(Math.min(grown.waves[1]!.size, grown.waves[2]!.size)).toBeGreaterThan(5)
    const { stored, counted, folded } = await books(world, campaignId)
    expect([stored, folded]).toEqual([counted, counted])
  })

  test('a late joiner whose wave is open is hinted and upgraded like the others', async () => {
    const world = await open()
    await world.scheduler(quick)
    world.devices = someDevices(1)
    const campaignId = await createDynamic(world)
    await control(world, campaignId, 'start')
    arrive(world, 1)
    await whenSize(world, campaignId, 2)
    const late = (await upgrades(world, campaignId)).at(-1)!
    await waitUntil(() => world.placed.some((item) => item.op === 'put_task' && item.task.taskId === late.upgradeId))
    await succeed(world, campaignId, late.deviceKey, await go(world, late))
  })

  for (const [what, cap, caps] of [
    ['places', 'cap_in_flight', { inFlight: 3, unproven: 100 }],
    ['pace', 'cap_starts_per_minute', { inFlight: 100, unproven: 100, startsPerMinute: 3 }],
  ] as const) {
    test(`rule 2; request 6: late joiners find the ${what} of their campaign taken by those before them`, async () => {
      const world = await open()
      await world.scheduler(quick)
      world.devices = someDevices(2)
      const campaignId = await createDynamic(world, { ...ONE_WAVE, caps })
      await control(world, campaignId, 'start')
      const early = await upgrades(world, campaignId)
      for (const upgrade of early) await go(world, upgrade)
      arrive(world, 6)
      await whenSize(world, campaignId, 8)
      const known = new Set(early.map(({ upgradeId }) => upgradeId))
      const late = (await upgrades(world, campaignId)).filter(({ upgradeId }) => !known.has(upgradeId))
      const answers = await Promise.all(late.map((upgrade) => claim(world, upgrade)))
      const reasons = answers.map((answer) => (answer.kind === 'not_before' ? answer.reason : answer.kind))
      expect(reasons.toSorted()).toEqual([cap, cap, cap, cap, cap, 'go'])
    })
  }

  test('a dynamic campaign is not over before its end, though all are settled; afterwards it is, and nobody joins', async () => {
    const world = await open()
    await world.scheduler({ ...quick, gateEveryMs: 20 })
    world.devices = someDevices(1)
    const campaignId = await createDynamic(world)
    await control(world, campaignId, 'start')
    const [only] = await upgrades(world, campaignId)
    await succeed(world, campaignId, only!.deviceKey, await go(world, only!))
    arrive(world, 1)
    const grown = await whenSize(world, campaignId, 2)
    expect(grown.state).toBe('running')
    const late = (await upgrades(world, campaignId)).find(({ upgradeId }) => upgradeId !== only!.upgradeId)!
    expect(await claim(world, late, NEW)).toMatchObject({ kind: 'gone', reason: 'already_on_target' })
    world.clock.shift(HOUR)
    await untilCampaign(world, campaignId, ({ state }) => state === 'finished')
    arrive(world, 1)
    expect((await campaign(world, campaignId)).size).toBe(2)
  })

  test('late joiners of whom a page is too large for one message join in smaller pages', async () => {
    const world = await open()
    await world.scheduler(quick)
    const campaignId = await createDynamic(world)
    world.registryMost = 2
    arrive(world, 9)
    await whenSize(world, campaignId, 19)
  })

  test('a registry that is away is asked for late joiners again with the next look, and not before', async () => {
    const world = await open()
    await world.scheduler({ dynamicEveryMs: 60_000 })
    const campaignId = await createDynamic(world)
    await untilCampaign(world, campaignId, ({ state }) => state === 'ready')
    world.registryRefusals = 1_000
    arrive(world, 1)
    world.clock.shift(60_000)
    await waitUntil(() => world.registryRefusals < 1_000)
    await world.clock.sleep(200)
    expect(world.registryRefusals).toBe(999)
    world.registryRefusals = 0
    world.clock.shift(60_000)
    await whenSize(world, campaignId, 11)
  })

  test('late joiners beyond the size that needs a second person wait for one, which is told, and the others go on', async () => {
    const world = await open()
    await world.scheduler({ ...quick, approvalAbove: 12 })
    const campaignId = await createDynamic(world)
    await untilCampaign(world, campaignId, ({ state }) => state === 'ready')
    await control(world, campaignId, 'start')
    arrive(world, 2)
    const whole = await whenSize(world, campaignId, 12)
    expect(whole.approval.neededBecause).toEqual([])
    arrive(world, 3)
    const waits = await untilCampaign(world, campaignId, ({ approval }) => approval.neededBecause.length > 0)
    expect(waits).toMatchObject({ state: 'running', size: 12, approval: { neededBecause: ['size'], givenBy: null } })
    expect((await history(world, campaignId, 'campaign.approval_needed')).map(({ data }) => data)).toEqual([
      { neededBecause: 'size', size: 12, wouldBe: 15 },
    ])
    const approve = (actor: string) => world.ask(campaignControl, { campaignId, action: 'approve', actor })
    expect(await approve(ACTOR)).toMatchObject({ ok: false, error: { code: 'forbidden' } })
    await go(world, (await upgrades(world, campaignId))[0]!)
    expect((await campaign(world, campaignId)).size).toBe(12)
    expect(await approve('operator:other')).toMatchObject({ ok: true })
    await whenSize(world, campaignId, 15)
    arrive(world, 4)
    await whenSize(world, campaignId, 19)
    expect(await approve('operator:third')).toMatchObject({ ok: false, error: { code: 'campaign_state' } })
  })

  test('rule 2: nobody joins a dynamic campaign after its end', async () => {
    const world = await open()
    await world.scheduler({ ...quick, gateEveryMs: 20 })
    const campaignId = await createDynamic(world)
    await control(world, campaignId, 'start')
    world.clock.shift(HOUR)
    arrive(world, 1)
    const joining = () =>
      world.sql.query(`select 1 from scheduler.campaigns where campaign_id = $1 and join_at is not null`, [campaignId])
    await waitUntil(async () => (await joining()).length === 0)
    expect((await campaign(world, campaignId)).size).toBe(10)
  })

  test('a static campaign stays as it was planned', async () => {
    const world = await open()
    await world.scheduler(quick)
    const { campaignId } = await running(world, 3)
    const dynamic = await createDynamic(world)
    arrive(world, 2)
    await whenSize(world, dynamic, 5)
    expect((await campaign(world, campaignId)).size).toBe(3)
  })

  test('a dynamic campaign that nobody fits yet opens no second wave before somebody has proven the first', async () => {
    const world = await open()
    await world.scheduler({ ...quick, gateEveryMs: 20 })
    world.devices = []
    const waves: PolicyDraft['waves'] = [
      { size: { count: 1 }, advance: 'auto' },
      { size: { percent: 100 }, advance: 'auto' },
    ]
    const campaignId = await createDynamic(world, { ...ONE_WAVE, waves })
    await control(world, campaignId, 'start')
    await untilCampaign(world, campaignId, (one) => one.waves[0]!.gate !== null)
    arrive(world, 1)
    const grown = await whenSize(world, campaignId, 1)
    expect(grown.waves.map(({ state, size }) => [state, size])).toEqual([
      ['open', 1],
      ['closed', 0],
    ])
  })

  test('upgrades that are not settled follow their device to its new place, once', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 2)
    await go(world, all[0]!)
    const moved = all.map(({ deviceKey }): Change => {
      return { kind: 'moved', deviceKey, site: 'olt-7', zone: 'Europe/Madrid', at: new Date().toISOString() }
    })
    const id = ids.event()
    await tell(world, moved, id)
    await tell(world, moved, id)
    await waitUntil(async () => (await upgrades(world, campaignId)).every(({ site }) => site === 'olt-7'))
    const use = await world.sql.query(`select in_flight::integer as n from scheduler.site_use where site = 'olt-7'`)
    expect(use).toEqual([{ n: 1 }])
  })

  test('devices that go while the campaign is planned are counted as gone, in the wave where they stood', async () => {
    const world = await open()
    let isStuck = true
    const stuck = (real: Sql): Sql => ({
      ...real,
      transaction: (work) =>
        real.transaction((tx) =>
          work({
            query: (text, values) => {
              if (isStuck && text.includes('width_bucket')) throw new Error('no further')
              return tx.query<never>(text, values)
            },
          }),
        ),
    })
    await world.scheduler({ planReplyMs: 0 }, (bus) => bus, stuck)
    world.devices = someDevices(40)
    // Nobody knows before all are there who is among the first.
    const waves: PolicyDraft['waves'] = [
      { size: { count: 30 }, advance: 'auto' },
      { size: { percent: 100 }, advance: 'auto' },
    ]
    const { campaignId } = await create(world, { ...ONE_WAVE, waves })
    await waitUntil(async () => (await upgrades(world, campaignId)).length === 40)
    const gone = world.devices.slice(20).map(({ deviceKey }) => deviceKey)
    const at = new Date().toISOString()
    await tell(
      world,
      gone.map((deviceKey) => ({ kind: 'removed', deviceKey, at })),
    )
    for (const deviceKey of gone) await until(world, campaignId, deviceKey, 'skipped')
    isStuck = false
    await untilCampaign(world, campaignId, ({ state }) => state === 'ready')
    const { stored, counted, folded } = await books(world, campaignId)
    expect([stored, folded]).toEqual([counted, counted])
  })

  test('a device that is moved or goes between the page of the inventory it stands on and its plan is planned where it is, or not at all', async () => {
    const world = await open()
    const devices = someDevices(14)
    const [moved, gone, back] = devices.slice(7).map(({ deviceKey }) => deviceKey)
    const at = new Date(world.clock.now() - HOUR).toISOString()
    const firstSeenAt = new Date(world.clock.now()).toISOString()
    world.devices = devices.map((device) => (device.deviceKey === back ? { ...device, firstSeenAt } : device))
    await world.scheduler({}, (real) =>
      afterPages(real, async ({ cursor }) => {
        if (cursor === undefined) return
        await tellAndWait(world, [
          { kind: 'moved', deviceKey: moved!, site: 'olt-7', zone: 'Europe/Madrid', at },
          { kind: 'removed', deviceKey: gone!, at },
          // It was there again by then.
          { kind: 'removed', deviceKey: back!, at },
        ])
      }),
    )
    const { campaignId } = await create(world)
    const planned = await untilCampaign(world, campaignId, ({ state }) => state === 'ready')
    expect(planned).toMatchObject({ size: 13, leftOut: { device_gone: 1 } })
    const all = await upgrades(world, campaignId)
    const places = await world.sql.query(`select site, zone from scheduler.upgrades where device_key = $1`, [moved])
    expect(places).toEqual([{ site: 'olt-7', zone: 'Europe/Madrid' }])
    const keys = all.map(({ deviceKey }) => deviceKey)
    expect([keys.includes(gone!), keys.includes(back!)]).toEqual([false, true])
    const { stored, counted, folded } = await books(world, campaignId)
    expect([stored, folded]).toEqual([counted, counted])
  })

  test('a late joiner that is moved while it is taken in joins where it is, and what was kept of that is forgotten', async () => {
    const world = await open()
    world.devices = someDevices(2)
    const known = new Set(world.devices.map(({ deviceKey }) => deviceKey))
    let told = false
    const first = await world.scheduler(quick, (real) =>
      afterPages(real, async ({ changedSince }, devices) => {
        const joiner = devices.find(({ deviceKey }) => !known.has(deviceKey))
        if (told || changedSince === undefined || joiner === undefined) return
        told = true
        const { deviceKey } = joiner
        const at = new Date(world.clock.now()).toISOString()
        await tellAndWait(world, [{ kind: 'moved', deviceKey, site: 'olt-7', zone: null, at }])
      }),
    )
    const campaignId = await createDynamic(world)
    arrive(world, 1)
    await whenSize(world, campaignId, 3)
    const joined = (await upgrades(world, campaignId)).filter(({ deviceKey }) => !known.has(deviceKey))
    expect(joined).toMatchObject([{ site: 'olt-7' }])
    await first.stop()
    const kept = () => world.sql.query(`select 1 from scheduler.device_changes`)
    expect(await kept()).toHaveLength(1)
    world.clock.shift(25 * HOUR)
    await world.scheduler({ ...quick, forgetEveryMs: 20 })
    await waitUntil(async () => (await kept()).length === 0)
  })

  test('devices that are moved or gone change the use of their sites after campaigns and tallies, as everybody does', async () => {
    const world = await open()
    const touched: string[] = []
    const noted = (real: Sql): Sql => ({
      ...real,
      transaction: (work) =>
        real.transaction(async (tx) => {
          const tables: string[] = []
          const seen: Queryable = {
            query: (text, values) => {
              const table = /into scheduler\.(tallies|site_use|journal)|(campaigns) where .* for no key/s.exec(text)
              if (table !== null) tables.push(table[1] ?? table[2]!)
              return tx.query<never>(text, values)
            },
          }
          const result = await work(seen)
          if (tables.includes('site_use') && tables.includes('tallies')) touched.push(tables.join(' '))
          return result
        }),
    })
    await world.scheduler({}, (bus) => bus, noted)
    const { campaignId, all } = await running(world, 2)
    await go(world, all[0]!)
    touched.length = 0
    const at = new Date().toISOString()
    await tell(world, [
      { kind: 'moved', deviceKey: all[0]!.deviceKey, site: 'olt-7', zone: null, at },
      { kind: 'removed', deviceKey: all[1]!.deviceKey, at },
    ])
    await until(world, campaignId, all[1]!.deviceKey, 'skipped')
    expect((await upgrades(world, campaignId))[0]?.site).toBe('olt-7')
    expect(touched).toEqual(['journal campaigns tallies journal site_use'])
  })

  test('a row that says that devices changed does not name them', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 1)
    const { deviceKey } = all[0]!
    await tell(world, [{ kind: 'moved', deviceKey, site: 'olt-7', zone: null, at: new Date().toISOString() }])
    await waitUntil(async () => (await upgrades(world, campaignId))[0]?.site === 'olt-7')
    const rows = await world.sql.query(`select data, device_key from scheduler.journal where kind = 'device.changed'`)
    expect(rows).toEqual([{ data: { items: 1 }, device_key: null }])
  })

  test('what waits for a device that is gone is skipped, and what is under way runs on', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 2)
    await go(world, all[0]!)
    await tell(
      world,
      all.map(({ deviceKey }) => ({ kind: 'removed', deviceKey, at: new Date().toISOString() })),
    )
    const skipped = await until(world, campaignId, all[1]!.deviceKey, 'skipped')
    expect(skipped.reason).toBe('device_gone')
    expect((await upgrades(world, campaignId))[0]).toMatchObject({ state: 'offered', countsAs: 'in_flight' })
    const { stored, counted, folded } = await books(world, campaignId)
    expect([stored, folded]).toEqual([counted, counted])
  })
}
