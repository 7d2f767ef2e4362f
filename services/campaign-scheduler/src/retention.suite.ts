import { historyErase } from '@sluice/contracts'
import { createJournal } from '@sluice/sql'
import { waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { books } from './testing/books.ts'
import { ONE_WAVE, campaign, completed, dataOf, go, observe, running, untilCampaign } from './testing/drive.ts'
import { ACTOR, type World } from './testing/world.ts'

const DAY = 86_400_000
const POLICY = { ...ONE_WAVE, timers: { finalMs: 60_000 } }
const journal = createJournal('scheduler')

/** Everything the scheduler has in its tables, as one text. */
async function everything({ sql }: World): Promise<string> {
  const tables = await sql.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'scheduler'`,
  )
  const texts = await Promise.all(
    tables.map(({ name }) => sql.query<{ row: string }>(`select t::text as row from scheduler.${name} t`)),
  )
  return texts
    .flat()
    .map(({ row }) => row)
    .join('\n')
}

/** A campaign of two devices that both refuse the image for good, and of which nothing late can come any more. */
async function over(world: World) {
  const { campaignId, all } = await running(world, 2, POLICY)
  for (const upgrade of all) {
    await observe(world, { deviceKey: upgrade.deviceKey, fact: completed(await go(world, upgrade), 9018) })
  }
  await untilCampaign(world, campaignId, ({ counters }) => counters.hard === 2)
  world.clock.shift(61_000)
  await waitUntil(async () => {
    const [row] = await world.sql.query<{ n: number }>(
      `select count(*) as n from scheduler.upgrades where due_at is not null`,
    )
    return row?.n === 0
  })
  return { campaignId, all }
}

async function expectWhole(world: World, campaignId: string): Promise<void> {
  while ((await journal.seal(world.sql)) > 0);
  expect(await journal.verifyChain(world.sql)).toMatchObject({ kind: 'intact', unsealed: 0 })
  const { stored, folded } = await books(world, campaignId)
  expect(stored).toBe(folded)
  expect((await campaign(world, campaignId)).counters).toMatchObject({ hard: 2 })
}

export function retentionSuite(open: () => Promise<World>): void {
  test('a device that is forgotten is named nowhere; counters, the chain and its neighbours stay', async () => {
    const world = await open()
    const scheduler = await world.scheduler()
    const { campaignId, all } = await over(world)
    const [gone, kept] = all as [(typeof all)[0], (typeof all)[0]]
    const before = await everything(world)
    expect(before).toContain(gone.deviceKey)
    expect(before).toContain('S0000')
    const forgotten = dataOf(await world.ask(historyErase, { deviceKey: gone.deviceKey, actor: ACTOR }))
    expect(forgotten).toMatchObject({ upgrades: 1, underWay: 0 })
    await scheduler.stop()
    const after = await everything(world)
    const serial = world.devices.find(({ deviceKey }) => deviceKey === gone.deviceKey)!.serialNumber
    for (const trace of [gone.deviceKey, serial]) expect(after).not.toContain(trace)
    expect(after).toContain(kept.deviceKey)
    await world.scheduler()
    await expectWhole(world, campaignId)
    // Nothing is left to be forgotten, and nothing breaks.
    expect(dataOf(await world.ask(historyErase, { deviceKey: gone.deviceKey, actor: ACTOR }))).toMatchObject({
      entries: 0,
      upgrades: 0,
    })
  })

  test('what is under way is not forgotten, and that is told', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 1)
    const attemptId = await go(world, all[0]!)
    const { deviceKey } = all[0]!
    expect(dataOf(await world.ask(historyErase, { deviceKey, actor: ACTOR }))).toMatchObject({
      upgrades: 0,
      underWay: 1,
    })
    await observe(world, { deviceKey, fact: completed(attemptId, 9018) })
    await untilCampaign(world, campaignId, ({ counters }) => counters.hard === 1)
  })

  test('the devices of a campaign that has been over for long enough are forgotten, page by page', async () => {
    const world = await open()
    const scheduler = await world.scheduler()
    const { campaignId, all } = await over(world)
    await scheduler.stop()
    world.clock.shift(100 * DAY)
    const last = await world.scheduler({ historyKeepMs: 101 * DAY, forgetEveryMs: 20, sweepPageSize: 2 })
    await world.clock.sleep(200)
    expect(await everything(world)).toContain(all[0]!.deviceKey)
    await last.stop()
    world.clock.shift(2 * DAY)
    const one = await world.scheduler({ historyKeepMs: 101 * DAY, forgetEveryMs: 20, sweepPageSize: 2 })
    await waitUntil(async () => {
      const text = await everything(world)
      return all.every(({ deviceKey }) => !text.includes(deviceKey))
    })
    await one.stop()
    await world.scheduler()
    await expectWhole(world, campaignId)
  })

  test('the journal itself lets nothing be taken out but what leaves its hash', async () => {
    const world = await open()
    const scheduler = await world.scheduler()
    await running(world, 1)
    await scheduler.stop()
    await expect(world.sql.query(`delete from scheduler.journal`)).rejects.toThrow('append-only')
    await world.sql
      .transaction(async (tx) => {
        const [row] = await tx.query<{ seq: number }>(`select min(seq) as seq from scheduler.journal`)
        expect(await journal.erase(tx, [row!.seq], { at: 1, reason: 'test' })).toHaveLength(1)
        await expect(tx.query(`delete from scheduler.journal`)).rejects.toThrow('append-only')
      })
      .catch(() => {})
  })
}
