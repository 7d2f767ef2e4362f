import { GENESIS, createVerifier } from '@sluice/audit-chain'
import {
  type HistoryEntry,
  auditList,
  campaignCreate,
  campaignReport,
  historyList,
  upgradeChanged,
} from '@sluice/contracts'
import { waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import {
  ONE_WAVE,
  completed,
  dataOf,
  go,
  informed,
  observe,
  running,
  succeed,
  until,
  untilCampaign,
} from '../testing/drive.ts'
import { ACTOR, NEW, OLD, OUI, type World } from '../testing/world.ts'

/** What is told of campaigns afterwards, and to those who follow. */
export function reportsSuite(open: () => Promise<World>): void {
  test('a report tells how far the devices came, what went wrong, how long it took and who did what', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 4, { ...ONE_WAVE, retries: { maxAttempts: 1 } })
    const [well, refused, asked] = all as [(typeof all)[0], (typeof all)[0], (typeof all)[0]]
    await succeed(world, campaignId, well.deviceKey, await go(world, well))
    const attemptId = await go(world, refused)
    await observe(
      world,
      { deviceKey: refused.deviceKey, fact: { kind: 'download_answered', attemptId, status: 1 } },
      { deviceKey: refused.deviceKey, fact: completed(attemptId, 9018) },
      { deviceKey: refused.deviceKey, fact: informed(OLD, '7 TRANSFER COMPLETE') },
    )
    await until(world, campaignId, refused.deviceKey, 'failed')
    await go(world, asked)

    const report = dataOf(await world.ask(campaignReport, { campaignId }))
    expect(report).toMatchObject({ settled: false, attempts: 3, truncated: [] })
    expect(report.funnel).toEqual({ planned: 4, offered: 3, accepted: 2, fetched: 1, returned: 1, verified: 1 })
    expect(report.outcomes).toEqual(
      expect.arrayContaining([
        { state: 'verified', reason: 'settings_unknown', countsAs: 'success', upgrades: 1 },
        { state: 'failed', reason: 'image_rejected', countsAs: 'hard', upgrades: 1 },
      ]),
    )
    expect(report.failures).toEqual([
      { faultCode: 9018, reason: 'image_rejected', oui: OUI, productClass: 'Router', upgrades: 1 },
    ])
    const last = Object.fromEntries(report.versions.series.map(({ version, devices }) => [version, devices.at(-1)]))
    expect(last).toEqual({ [OLD]: 3, [NEW]: 1 })
    expect(report.versions.series.map(({ devices }) => devices[0])).toContain(4)
    const proof = report.stages.find(({ stage }) => stage === 'proof')!
    expect(proof).toMatchObject({ upgrades: 1, p50Ms: proof.p99Ms })
    expect(proof.p50Ms).toBeGreaterThanOrEqual(20 * 60_000 - 1_000)
    expect(report.acts.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['campaign.created', 'campaign.moved', 'campaign.wave_opened']),
    )
    expect(report.acts.find(({ to }) => to === 'running')).toMatchObject({ actor: ACTOR, counters: { pending: 4 } })
  })

  test('a report fits one message: acts for which there is no room are left out, and that is told', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId } = await running(world, 1)
    await world.sql.query(
      `insert into scheduler.journal (direction, at, actor, kind, campaign_id, data)
       select 'note', 1, 'operator:x', 'campaign.moved', $1, jsonb_build_object('reason', repeat('x', 1000))
       from generate_series(1, 1000)`,
      [campaignId],
    )
    const report = dataOf(await world.ask(campaignReport, { campaignId }))
    expect(report.acts.length).toBeGreaterThan(500)
    expect(report.truncated).toEqual(['acts'])
  })

  test('a report of what is not there is refused', async () => {
    const world = await open()
    await world.scheduler()
    const reply = await world.ask(campaignReport, { campaignId: `cmp_${'0'.repeat(26)}` })
    expect(reply).toMatchObject({ ok: false, error: { code: 'not_found' } })
  })

  test('reports that are asked for at the same time are all answered', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId } = await running(world, 2)
    const replies = await Promise.all(Array.from({ length: 6 }, () => world.ask(campaignReport, { campaignId })))
    expect(replies.map((reply) => reply.ok && reply.data.funnel.planned)).toEqual([2, 2, 2, 2, 2, 2])
  })

  test('who follows the history from the start misses nothing, and each live change names its entry', async () => {
    const world = await open()
    await world.scheduler()
    const live: number[] = []
    await world.bus.listen(upgradeChanged, ({ data }) => live.push(...data.items.map(({ seq }) => seq)))
    const { campaignId, all } = await running(world, 3)
    await succeed(world, campaignId, all[0]!.deviceKey, await go(world, all[0]!))

    const followed: HistoryEntry[] = []
    let after = '0'
    await waitUntil(async () => {
      const page = dataOf(await world.ask(historyList, { campaignId, after, limit: 3 }))
      followed.push(...page.items)
      after = page.next!
      return page.end === true && live.length > 3 && live.every((seq) => followed.some((entry) => entry.seq === seq))
    })
    const seqs = followed.map(({ seq }) => seq)
    expect(new Set(seqs).size).toBe(seqs.length)
    expect(followed.filter(({ seq }) => live.includes(seq)).every(({ kind }) => kind === 'upgrade.moved')).toBe(true)
    const again = await world.ask(historyList, { after: '1', afterSeq: 1, limit: 3 })
    expect(again).toMatchObject({ ok: false, error: { code: 'invalid_request' } })
    expect(await world.ask(historyList, { after: 'x', limit: 3 })).toMatchObject({ error: { code: 'invalid_request' } })
  })

  test('the audit trail is read page by page and recomputed by who reads it', async () => {
    const world = await open()
    await world.scheduler()
    await running(world, 5)
    const verifier = createVerifier()
    let cursor: string | undefined
    await waitUntil(async () => {
      const page = dataOf(await world.ask(auditList, { limit: 2, ...(cursor !== undefined && { cursor }) }))
      for (const part of page.parts) expect(verifier.take(part)).toBeUndefined()
      cursor = page.next ?? cursor
      return page.counts?.unsealed === 0 && verifier.summary().entries === page.counts.stored
    })
    expect(verifier.end()).toBeUndefined()
    expect(verifier.summary().head).not.toBe(GENESIS)
  })

  test('a create that is repeated plans once, at the same time and later, and another draft under its name is refused', async () => {
    const world = await open()
    await world.scheduler()
    const draft = { name: 'once', artifactId: world.artifact.artifactId, targets: {}, policy: ONE_WAVE }
    const ask = (changes: object = {}, actor = ACTOR) =>
      world.ask(campaignCreate, { draft: { ...draft, ...changes }, actor, requestId: 'order-17' })
    const replies = await Promise.all([ask(), ask(), ask()])
    const later = await ask()
    const ids = new Set([...replies, later].map((reply) => dataOf(reply).campaignId))
    expect(ids.size).toBe(1)
    expect(await ask({ name: 'twice' })).toMatchObject({ ok: false, error: { code: 'conflict' } })
    const others = dataOf(await ask({}, 'operator:other'))
    expect([...ids]).not.toContain(others.campaignId)
    await untilCampaign(world, others.campaignId, ({ state }) => state === 'ready')
    const [stored] = await world.sql.query<{ n: number }>(`select count(*) as n from scheduler.campaigns`)
    expect(stored?.n).toBe(2)
  })
}
