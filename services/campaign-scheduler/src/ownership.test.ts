import { connectPostgres } from '@sluice/sql'
import { freshDatabase, waitUntil } from '@sluice/testbed'
import { afterAll, afterEach, expect, inject, test } from 'vitest'
import { books, history } from './testing/books.ts'
import { control, create, go, running, succeed, untilCampaign } from './testing/drive.ts'
import { createFrozenSql } from './testing/frozen-sql.ts'
import { type World, closeEmbedded, createWorld, someDevices } from './testing/world.ts'

/** A lease that is over soon, by the clock of the database, which no test can move. */
const QUICK = { leaseMs: 1_000, beatMs: 100, tickMs: 50 }
/** Its gates are looked at all the time. */
const BUSY = { ...QUICK, gateEveryMs: 50 }

let world: World | undefined
const open = async () =>
  (world = await createWorld(async () => connectPostgres({ url: await freshDatabase(inject('postgresUrl')) })))
afterEach(() => world?.close())
afterAll(closeEmbedded)

/** How many campaigns each live owner has, the fewest first; 0 stands for campaigns without one. */
async function spread({ sql }: World): Promise<number[]> {
  const rows = await sql.query<{ n: number }>(
    `select count(*) as n from scheduler.owners o join scheduler.replicas r on r.replica = o.owner
     where r.alive_until > clock_timestamp() group by o.owner order by 1`,
  )
  return rows.map(({ n }) => n)
}

const untilSpread = (here: World, wanted: readonly number[]) => {
  let last: number[] = []
  return waitUntil(async () => (last = await spread(here)).join() === wanted.join(), {
    describe: () => `campaigns are spread ${last.join()} and not ${wanted.join()}`,
  })
}

test('campaigns are spread evenly over live replicas, handed over at a stop, and taken over after a death', async () => {
  const here = await open()
  here.devices = someDevices(1)
  const mortal = createFrozenSql()
  const first = await here.scheduler(QUICK)
  for (let n = 0; n < 5; n++) await create(here)
  await untilSpread(here, [5])
  await here.scheduler(QUICK, undefined, mortal.sql)
  await here.scheduler(QUICK)
  await untilSpread(here, [1, 2, 2])
  await first.stop()
  await untilSpread(here, [2, 3])
  mortal.kill()
  await untilSpread(here, [5])
})

test('fault 59: an owner that was frozen past its lease and wakes writes nothing', async () => {
  const here = await open()
  const frozen = createFrozenSql()
  await here.scheduler(BUSY, undefined, frozen.sql)
  const { campaignId, all } = await running(here, 3)
  const attemptId = await go(here, all[0]!)
  // Its campaign is due; what follows is a transaction of its owner.
  await frozen.freeze('after', /order by check_at limit/)
  const owner = async () => {
    const [row] = await here.sql.query<{ owner: string; epoch: number }>(`select owner, epoch from scheduler.owners`)
    return row!
  }
  const before = await owner()
  await here.scheduler(BUSY)
  await waitUntil(async () => (await owner()).epoch > before.epoch)
  frozen.thaw()
  const asOwner = () => frozen.since.find(([first]) => first?.includes('for key share'))
  await waitUntil(() => asOwner() !== undefined)
  await here.clock.sleep(200)
  expect(asOwner()).toHaveLength(1)

  await succeed(here, campaignId, all[0]!.deviceKey, attemptId)
  for (const upgrade of all.slice(1)) await succeed(here, campaignId, upgrade.deviceKey, await go(here, upgrade))
  await untilCampaign(here, campaignId, ({ state }) => state === 'finished')
  expect(await history(here, campaignId, 'campaign.wave_opened')).toHaveLength(1)
  const { stored, counted, folded } = await books(here, campaignId)
  expect([stored, counted]).toEqual([folded, folded])
})

test('a campaign is taken over only once what its owner is writing has ended', async () => {
  const here = await open()
  const frozen = createFrozenSql()
  await here.scheduler(BUSY, undefined, frozen.sql)
  const { campaignId } = await running(here, 2)
  // The first statement behind the fence: the owner holds it by now.
  await frozen.freeze('before', /scheduler\.campaigns.* for no key update/s)
  await here.scheduler(BUSY)
  const replicas = () => here.sql.query(`select 1 from scheduler.replicas where alive_until > clock_timestamp()`)
  await waitUntil(async () => (await replicas()).length === 1)
  await here.clock.sleep(300)
  const [row] = await here.sql.query<{ epoch: number }>(`select epoch from scheduler.owners`)
  expect(row?.epoch).toBe(1)
  frozen.thaw()
  await control(here, campaignId, 'abort')
  await untilCampaign(here, campaignId, ({ counters }) => counters.benign === 2)
})

test('facts and claims that reach another replica than the owner have its gate looked at', async () => {
  const here = await open()
  const slow = { ...QUICK, gateEveryMs: 3_600_000 }
  const frozen = createFrozenSql()
  const first = await here.scheduler(slow, undefined, frozen.sql)
  const waves = [
    { size: { count: 1 }, advance: 'auto' as const },
    { size: { percent: 100 }, advance: 'auto' as const },
  ]
  const { campaignId, all } = await running(here, 2, { waves, gate: { minSettled: 1, soakMs: 0, limits: {} } })
  const canary = all.find(({ wave }) => wave === 1)!
  await here.scheduler(slow)
  await here.scheduler(slow)
  const attemptId = await go(here, canary)
  await succeed(here, campaignId, canary.deviceKey, attemptId)
  await untilCampaign(here, campaignId, ({ waves }) => waves[1]?.state === 'open')
  await first.stop()
})

test('fault 53: a clock that jumps an hour either way takes no campaign from its owner, and calls no device silent', async () => {
  const here = await open()
  // A busy machine alone loses nobody this lease; an hour would.
  const steady = { ...QUICK, leaseMs: 20_000, outageAfterMs: 10_000 }
  await here.scheduler(steady)
  await here.scheduler(steady)
  const { campaignId, all } = await running(here, 2)
  const owners = () => here.sql.query<{ owner: string }>(`select * from scheduler.owners`)
  const [first] = await here.sql.query<{ name: string }>(`select min(replica) as name from scheduler.replicas`)
  await waitUntil(async () => (await owners())[0]?.owner === first!.name)
  const before = await owners()
  const ahead = 3_600_000
  const early = await go(here, all[0]!)
  here.clock.shift(ahead)
  const late = await go(here, all[1]!)
  await here.clock.sleep(500)
  here.clock.shift(-ahead)
  await here.clock.sleep(500)
  expect(await owners()).toEqual(before)
  const untouched = await here.sql.query<{ state: string }>(`select state from scheduler.upgrades`)
  expect(untouched.map(({ state }) => state)).toEqual(['offered', 'offered'])
  await succeed(here, campaignId, all[0]!.deviceKey, early)
  // What was offered ahead of the time is believed once the time has come.
  here.clock.shift(ahead)
  await succeed(here, campaignId, all[1]!.deviceKey, late)
})

test('fault 53: a lease from before the clock of the database was set back holds nothing', async () => {
  const here = await open()
  const first = await here.scheduler(QUICK)
  await running(here, 1)
  await first.stop()
  await here.sql.query(`update scheduler.owners set owner = 'gone'`)
  await here.sql.query(`insert into scheduler.replicas values ('gone', clock_timestamp() + interval '1 hour')`)
  await here.scheduler(QUICK)
  await untilSpread(here, [1])
})

test('fault 57: a process that stood still for longer than its lease goes on where others are, and nothing is done twice', async () => {
  const here = await open()
  const frozen = createFrozenSql()
  await here.scheduler({ ...QUICK, sweepPageSize: 1 })
  await here.scheduler({ ...QUICK, sweepPageSize: 1 }, undefined, frozen.sql)
  const started = [await running(here, 5), await running(here, 5)]
  await frozen.freeze('before', /scheduler\./)
  await here.clock.sleep(3 * QUICK.leaseMs)
  frozen.thaw()
  for (const { campaignId, all } of started) {
    const hinted = () =>
      here.placed.flatMap((item) =>
        item.op === 'put_task' && item.task.kind === 'upgrade' && item.task.campaignId === campaignId
          ? [item.task.taskId]
          : [],
      )
    await waitUntil(() => all.every(({ upgradeId }) => hinted().includes(upgradeId)))
    expect(hinted()).toHaveLength(all.length)
    const { stored, folded } = await books(here, campaignId)
    expect(stored).toBe(folded)
  }
})
