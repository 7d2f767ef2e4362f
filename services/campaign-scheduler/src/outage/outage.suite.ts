import type { Bus } from '@sluice/bus'
import type { Sql } from '@sluice/sql'
import { waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { history } from '../testing/books.ts'
import {
  ONE_WAVE,
  campaign,
  completed,
  go,
  informed,
  observe,
  running,
  succeed,
  until,
  untilCampaign,
  upgrades,
} from '../testing/drive.ts'
import { NEW, type World } from '../testing/world.ts'

const HOUR = 3_600_000
const STRICT = { ...ONE_WAVE, gate: { minSettled: 1, soakMs: 0, failureThreshold: 0.1, limits: {} } }
const outages = { outageAfterMs: 10_000 }

/** What is said while no scheduler is there waits on the bus. */
async function awayFor(world: World, ms: number, attempts: readonly { deviceKey: string }[]): Promise<void> {
  world.clock.shift(ms)
  for (const { deviceKey } of attempts) await observe(world, { deviceKey, fact: informed(NEW, '1 BOOT') })
}

export function outageSuite(open: () => Promise<World>): void {
  test('an outage longer than all timers hurts nobody: what devices said meanwhile counts, and no gate stops', async () => {
    const world = await open()
    const first = await world.scheduler(outages)
    const { campaignId, all } = await running(world, 4, STRICT)
    for (const upgrade of all) await go(world, upgrade)
    await first.stop()
    await awayFor(world, 6 * HOUR, all.slice(0, 3))
    await world.scheduler({ ...outages, drainMs: 300 })
    for (const { deviceKey } of all.slice(0, 3)) await until(world, campaignId, deviceKey, 'verifying')

    const last = (await upgrades(world, campaignId)).find(({ deviceKey }) => deviceKey === all[3]!.deviceKey)
    expect(last).toMatchObject({ state: 'offered', countsAs: 'in_flight' })
    expect(await campaign(world, campaignId)).toMatchObject({ state: 'running', counters: { silent: 0, stalled: 0 } })
    const excused = await history(world, campaignId, 'upgrade.excused')
    expect(excused).toHaveLength(4)
    expect(excused[0]?.actor).toBe('service:campaign-scheduler')
  })

  test('who is silent after the outage is silent when the rest of its time has passed', async () => {
    const world = await open()
    const first = await world.scheduler(outages)
    const { campaignId, all } = await running(world, 1)
    await go(world, all[0]!)
    await first.stop()
    world.clock.shift(6 * HOUR)
    const second = await world.scheduler(outages)
    await world.clock.sleep(100)
    expect((await upgrades(world, campaignId))[0]).toMatchObject({ state: 'offered' })
    await second.stop()
    await world.scheduler()
    world.clock.shift(6 * HOUR)
    await until(world, campaignId, all[0]!.deviceKey, 'timed_out')
  })

  test('a transfer that failed in our outage is not charged, also when the outage is known later than the fault', async () => {
    const world = await open()
    await world.scheduler(outages)
    const { campaignId, all } = await running(world, 1)
    const from = world.clock.now()
    const attemptId = await go(world, all[0]!)
    await observe(world, { deviceKey: all[0]!.deviceKey, fact: completed(attemptId, 9017) })
    await until(world, campaignId, all[0]!.deviceKey, 'retry')
    await world.sql.query(`insert into scheduler.outages (outage_id, from_at, to_at) values ('known late', $1, $2)`, [
      from,
      world.clock.now() + 1_000,
    ])
    await waitUntil(async () => (await history(world, campaignId, 'upgrade.excused')).length === 1)
    const [row] = await world.sql.query<{ tries: unknown }>(`select machine->'tries' as tries from scheduler.upgrades`)
    expect(row?.tries).toMatchObject([{ attemptId, charged: false }])
    expect((await upgrades(world, campaignId))[0]).toMatchObject({ state: 'retry', countsAs: 'pending' })
  })

  test('request 20: while the bus is away no time passes for devices, and a process that stood still excuses them too', async () => {
    const world = await open()
    let status: 'up' | 'down' = 'up'
    await world.scheduler({ ...outages, drainMs: 50 }, (real) => ({ ...real, status: () => status }) satisfies Bus)
    const { campaignId, all } = await running(world, 1)
    await go(world, all[0]!)
    status = 'down'
    world.clock.shift(6 * HOUR)
    const looks = async () => (await upgrades(world, campaignId))[0]
    await world.clock.sleep(200)
    expect(await looks()).toMatchObject({ state: 'offered' })
    status = 'up'
    await waitUntil(async () => (await history(world, campaignId, 'upgrade.excused')).length === 1)
    world.clock.shift(6 * HOUR)
    await waitUntil(async () => (await history(world, campaignId, 'upgrade.excused')).length === 2)
    await world.clock.sleep(200)
    expect(await looks()).toMatchObject({ state: 'offered' })
  })

  test('who takes long to excuse everybody is at work meanwhile: one outage stays one', async () => {
    const world = await open()
    const first = await world.scheduler(outages)
    const { campaignId, all } = await running(world, 4)
    for (const upgrade of all) await go(world, upgrade)
    await first.stop()
    world.clock.shift(6 * HOUR)
    // Each page takes more than half of what a gap may.
    const slow = (real: Sql): Sql => ({
      ...real,
      transaction: (work) =>
        real.transaction((tx) =>
          work({
            query: async (text, values) => {
              if (text.includes('scheduler.outages set after_id')) world.clock.shift(6_000)
              return tx.query<never>(text, values)
            },
          }),
        ),
    })
    await world.scheduler({ ...outages, duePageSize: 1 }, (bus) => bus, slow)
    const startedAt = world.clock.now()
    await waitUntil(async () => {
      const [row] = await world.sql.query<{ at: number }>(`select alive_at as at from scheduler.heartbeat`)
      return row!.at > startedAt
    })
    const noted = await world.sql.query(`select 1 from scheduler.journal where kind = 'scheduler.outage'`)
    expect(noted).toHaveLength(1)
    expect(await history(world, campaignId, 'upgrade.excused')).toHaveLength(4)
  })

  test('until what waits on the bus was heard, nobody is called silent', async () => {
    const world = await open()
    const first = await world.scheduler(outages)
    const { campaignId, all } = await running(world, 1)
    await go(world, all[0]!)
    // Its time was over already when the outage began, and nobody had said so yet: there is nothing to excuse.
    await first.stop()
    world.clock.shift(6 * HOUR)
    await world.sql.query(`update scheduler.heartbeat set alive_at = $1`, [world.clock.now()])
    await observe(world, { deviceKey: all[0]!.deviceKey, fact: informed(NEW, '1 BOOT') })
    const slow = (real: Bus): Bus => ({
      ...real,
      consume: (message, handle, options) =>
        real.consume(
          message,
          async (batch) => {
            await world.clock.sleep(300)
            await handle(batch)
          },
          options,
        ),
    })
    await world.scheduler({ ...outages, drainMs: 10_000 }, slow)
    await until(world, campaignId, all[0]!.deviceKey, 'verifying')
    expect(await history(world, campaignId, 'upgrade.excused')).toEqual([])
    const moves = await history(world, campaignId, 'upgrade.moved')
    expect(moves.map(({ data }) => (data as { to: string }).to)).toEqual(['offered', 'verifying'])
  })

  test('devices that could not be heard are not overdue', async () => {
    const world = await open()
    const policy = { ...ONE_WAVE, gate: { ...ONE_WAVE.gate, limits: { overdue: 0 } } }
    const first = await world.scheduler(outages)
    const { campaignId, all } = await running(world, 2, policy)
    const attempts = [await go(world, all[0]!), await go(world, all[1]!)]
    for (const [index, attemptId] of attempts.entries()) {
      await observe(world, { deviceKey: null, fact: { kind: 'last_byte_served', attemptId, bytes: 1 } })
      await until(world, campaignId, all[index]!.deviceKey, 'returning')
    }
    await first.stop()
    world.clock.shift(HOUR)
    await world.scheduler(outages)
    await succeed(world, campaignId, all[0]!.deviceKey, attempts[0]!)
    await untilCampaign(world, campaignId, ({ counters }) => counters.inFlight === 1)
    const looked = await untilCampaign(world, campaignId, ({ waves }) => waves[0]?.gate != null)
    expect(looked.state).toBe('running')
    expect(looked.waves[0]?.gate).toContain('0 overdue')
  })
}
