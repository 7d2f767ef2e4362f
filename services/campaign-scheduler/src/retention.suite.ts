import { type Device, type PolicyDraft, campaignCreate, campaignReport, historyErase } from '@sluice/contracts'
import { type Queryable, type Sql, createJournal } from '@sluice/sql'
import { waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { defaultSettings } from './config.ts'
import { createMetrics } from './observability.ts'
import { eraseDevice } from './retention.ts'
import { entriesOfNobody, eventsAfter, takeCampaignToForget } from './store/history.ts'
import { findJoining } from './store/joining.ts'
import { books, orphanReasons } from './testing/books.ts'
import {
  ONE_WAVE,
  campaign,
  completed,
  control,
  dataOf,
  go,
  observe,
  planned,
  running,
  until,
  untilCampaign,
  upgrades,
} from './testing/drive.ts'
import { ACTOR, type World, someDevices } from './testing/world.ts'

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

async function started(world: World, devices: Device[], policy: PolicyDraft = POLICY) {
  world.devices = devices
  const { campaignId } = await planned(world, policy)
  await control(world, campaignId, 'start')
  return { campaignId, all: await upgrades(world, campaignId) }
}

/** A campaign whose devices all refuse the image for good, and of which nothing late can come any more. */
async function over(world: World, devices = someDevices(2)) {
  const { campaignId, all } = await started(world, devices)
  await refuse(world, campaignId, all)
  return { campaignId, all }
}

/** They refuse the image, and the time for late facts passes. */
async function refuse(world: World, campaignId: string, all: Awaited<ReturnType<typeof upgrades>>): Promise<void> {
  for (const upgrade of all) {
    await observe(world, { deviceKey: upgrade.deviceKey, fact: completed(await go(world, upgrade), 9018) })
  }
  await untilCampaign(world, campaignId, ({ counters }) => counters.hard === all.length)
  world.clock.shift(61_000)
  await waitUntil(async () => {
    const [row] = await world.sql.query<{ n: number }>(
      `select count(*) as n from scheduler.upgrades where campaign_id = $1 and due_at is not null`,
      [campaignId],
    )
    return row?.n === 0
  })
  // An event that was not delivered yet is still needed, and not forgotten.
  await waitUntil(async () => (await world.sql.query(`select 1 from scheduler.journal_outbox`)).length === 0)
}

async function expectWhole(world: World, campaignId: string): Promise<void> {
  while ((await journal.seal(world.sql)) > 0);
  expect(await journal.verifyChain(world.sql)).toMatchObject({ kind: 'intact', unsealed: 0 })
  const { stored, folded } = await books(world, campaignId)
  expect(stored).toBe(folded)
  expect((await campaign(world, campaignId)).counters).toMatchObject({ hard: 2 })
}

export function retentionSuite(open: () => Promise<World>): void {
  test('rule 16: a device that is forgotten is named nowhere; counters, the chain and its neighbours stay', async () => {
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

  test('a device that joined late is forgotten like any other, and the books hold', async () => {
    const world = await open()
    await world.scheduler({ dynamicEveryMs: 20 })
    world.devices = someDevices(1)
    const dynamic = { endsAt: new Date(world.clock.now() + DAY).toISOString() }
    const draft = { name: 'test', artifactId: world.artifact.artifactId, targets: {}, policy: POLICY, dynamic }
    const { campaignId } = dataOf(await world.ask(campaignCreate, { draft, actor: ACTOR }))
    await control(world, campaignId, 'start')
    const [first] = await upgrades(world, campaignId)
    const changedAt = new Date(world.clock.now()).toISOString()
    world.devices = someDevices(2).map((device) => ({ ...device, changedAt }))
    await untilCampaign(world, campaignId, ({ size }) => size === 2)
    const all = await upgrades(world, campaignId)
    const late = all.find(({ upgradeId }) => upgradeId !== first!.upgradeId)!
    await refuse(world, campaignId, all)
    // Until then the registry, which still has it, would bring it in again.
    world.clock.shift(DAY)
    await waitUntil(async () => (await findJoining(world.sql, campaignId)) === undefined)
    expect(dataOf(await world.ask(historyErase, { deviceKey: late.deviceKey, actor: ACTOR }))).toMatchObject({
      upgrades: 1,
      underWay: 0,
    })
    await expectWhole(world, campaignId)
  })

  test('a device is forgotten while others write, and events are looked through in bounded pages', async () => {
    const world = await open()
    const first = await world.scheduler()
    const { campaignId, all } = await over(world)
    await first.stop()
    const { deviceKey } = all[0]!
    // Whenever a batch is sealed another entry is there; a test that waited for the last one still ends.
    let written = 0
    const note = { direction: 'note', at: 1, actor: ACTOR, kind: 'test.written', data: {} } as const
    const busy = (real: Sql): Sql => ({
      ...real,
      transaction: (work) =>
        real.transaction((tx) =>
          work({
            query: async (text, values) => {
              const rows = await tx.query<never>(text, values)
              if (written < 50 && text.includes('insert into scheduler.journal_batch')) {
                written += 1
                await journal.append(tx, [note])
              }
              return rows
            },
          }),
        ),
    })
    await world.sql.transaction((tx) => journal.append(tx, [note]))
    const settings = { ...defaultSettings, sweepPageSize: 1 }
    const parts = { sql: busy(world.sql), journal, clock: world.clock, settings, metrics: createMetrics() }
    const reply = await eraseDevice(parts, { deviceKey, actor: ACTOR })
    expect(written).toBe(1)
    expect(dataOf(reply)).toMatchObject({ upgrades: 1, underWay: 0 })
    const left = await world.sql.query<{ seq: number }>(
      `select seq from scheduler.journal where position($1 in data::text) > 0 or device_key = $1`,
      [deviceKey],
    )
    expect(left).toEqual([])
    expect(await eventsAfter(world.sql, campaignId, deviceKey, 0, 1)).toHaveLength(1)
  })

  test('what retention looks for has an index, as have the rows that a deleted upgrade is looked for in', async () => {
    const world = await open()
    await (await world.scheduler()).stop()
    const planOf = (text: string, values: unknown[] = []) =>
      world.sql.transaction(async (tx) => {
        await tx.query('set local enable_seqscan = off')
        await tx.query('set local enable_bitmapscan = off')
        return (await tx.query(`explain ${text}`, values)).map((row) => Object.values(row).join()).join('\n')
      })
    expect(await planOf(`select 1 from scheduler.attempts where upgrade_id = 'u'`)).toContain('attempts_by_upgrade')
    const texts: string[] = []
    const explained: Queryable = {
      query: async (text, values) => {
        texts.push(await planOf(text, [...(values ?? [])]))
        return []
      },
    }
    await entriesOfNobody(explained, 1, 1)
    await eventsAfter(explained, 'c', 'd', 0, 1)
    await takeCampaignToForget(explained, 1)
    expect(texts[0]).toContain('journal_of_nobody')
    expect(texts[1]).toContain('journal_events')
    for (const index of ['upgrades_with_timer', 'upgrades_waiting']) expect(texts[2]).toContain(index)
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

  test('rule 16; request 2: the devices of a campaign that has been over for long enough are forgotten, page by page, and no others', async () => {
    const world = await open()
    const scheduler = await world.scheduler()
    const [first, second, ...others] = someDevices(4)
    // Those that stay would be looked at first: when the devices of the last one are gone, they were passed over.
    const paused = await over(world, [first!])
    const recent = await over(world, [second!])
    const old = await over(world, others)
    await untilCampaign(world, paused.campaignId, ({ state }) => state === 'paused')
    await control(world, old.campaignId, 'abort')
    world.clock.shift(50 * DAY)
    await control(world, recent.campaignId, 'abort')
    await scheduler.stop()
    world.clock.shift(52 * DAY)
    const forgetting = await world.scheduler({ historyKeepMs: 101 * DAY, forgetEveryMs: 20, sweepPageSize: 2 })
    await waitUntil(async () => {
      const text = await everything(world)
      return old.all.every(({ deviceKey }) => !text.includes(deviceKey))
    })
    for (const { campaignId } of [paused, recent]) expect(await upgrades(world, campaignId)).toHaveLength(1)
    expect((await campaign(world, paused.campaignId)).state).toBe('paused')
    await forgetting.stop()
    await world.scheduler()
    await expectWhole(world, old.campaignId)
  })

  test('request 2: what a report told before the devices of a campaign were forgotten, it tells for good', async () => {
    const world = await open()
    const scheduler = await world.scheduler()
    const { campaignId, all } = await over(world)
    await control(world, campaignId, 'abort')
    const reportOf = async () => {
      const { generatedAt, ...report } = dataOf(await world.ask(campaignReport, { campaignId }))
      return { ...report, at: Date.parse(generatedAt) }
    }
    const before = await reportOf()
    expect(before).toMatchObject({ settled: true, funnel: { planned: 2, offered: 2 }, failures: [{ upgrades: 2 }] })
    await scheduler.stop()
    world.clock.shift(2 * DAY)
    await world.scheduler({ historyKeepMs: DAY, forgetEveryMs: 20, sweepPageSize: 1 })
    await waitUntil(async () => (await upgrades(world, campaignId)).length === 0)
    const after = await reportOf()
    expect(after.at).toBeGreaterThan(before.at)
    expect({ ...after, at: before.at }).toEqual(before)
    const kept = await world.sql.query<{ text: string }>(`select report::text as text from scheduler.kept_reports`)
    expect(kept).toHaveLength(1)
    for (const { deviceKey } of all) expect(kept[0]!.text).not.toContain(deviceKey)
  })

  test('a report that cannot be written holds up no forgetting', async () => {
    const world = await open()
    const scheduler = await world.scheduler()
    const [first, ...others] = someDevices(3)
    const broken = await over(world, [first!])
    const sound = await over(world, others)
    for (const { campaignId } of [broken, sound]) await control(world, campaignId, 'abort')
    await scheduler.stop()
    await world.sql.query(`update scheduler.upgrades set machine = '"no machine"' where campaign_id = $1`, [
      broken.campaignId,
    ])
    world.clock.shift(2 * DAY)
    await world.scheduler({ historyKeepMs: DAY, forgetEveryMs: 20 })
    await waitUntil(async () => (await world.sql.query(`select 1 from scheduler.upgrades`)).length === 0)
    const kept = await world.sql.query(
      `select campaign_id as id, report is not null as kept, tries from scheduler.kept_reports order by kept`,
    )
    expect(kept).toEqual([
      { id: broken.campaignId, kept: false, tries: 3 },
      { id: sound.campaignId, kept: true, tries: 0 },
    ])
  })

  test('rule 16: no device of a campaign that is over is forgotten while anything of it may still move', async () => {
    const world = await open()
    const scheduler = await world.scheduler()
    const [first, second, ...others] = someDevices(4)
    world.devices = [first!]
    const slow = await started(world, [first!], { ...ONE_WAVE, timers: { firstReportMs: 20 * DAY } })
    const attemptId = await go(world, slow.all[0]!)
    const late = await started(world, [second!], { ...ONE_WAVE, timers: { finalMs: 20 * DAY } })
    await observe(world, { deviceKey: second!.deviceKey, fact: completed(await go(world, late.all[0]!), 9018) })
    await untilCampaign(world, late.campaignId, ({ counters }) => counters.hard === 1)
    const done = await over(world, others)
    for (const { campaignId } of [slow, late, done]) await control(world, campaignId, 'abort')
    await until(world, slow.campaignId, first!.deviceKey, 'cancelling')
    await scheduler.stop()
    world.clock.shift(2 * DAY)
    await world.scheduler({ historyKeepMs: DAY, forgetEveryMs: 20 })
    const isForgotten = async (...keys: string[]) => {
      const text = await everything(world)
      return keys.every((key) => !text.includes(key))
    }
    // They would be looked at first: when the devices of the last one are gone, they were passed over.
    await waitUntil(() => isForgotten(...others.map(({ deviceKey }) => deviceKey)))
    expect((await campaign(world, slow.campaignId)).counters).toMatchObject({ inFlight: 1 })

    await observe(world, { deviceKey: first!.deviceKey, fact: completed(attemptId, 9018) })
    await untilCampaign(world, slow.campaignId, ({ counters }) => counters.inFlight === 0)
    expect(await orphanReasons(world)).toEqual([])
    expect(await isForgotten(second!.deviceKey)).toBe(false)
    world.clock.shift(30 * DAY)
    await waitUntil(() => isForgotten(first!.deviceKey, second!.deviceKey))
    for (const { campaignId } of [slow, late]) {
      const { stored, folded } = await books(world, campaignId)
      expect(stored).toBe(folded)
    }
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
