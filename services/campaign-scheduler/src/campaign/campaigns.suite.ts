import type { Bus } from '@sluice/bus'
import {
  type Campaign,
  type OutputOf,
  artifactRevoked,
  campaignChanged,
  campaignControl,
  campaignCreate,
  campaignDryRun,
  campaignList,
  campaignReport,
  historyList,
  transferStopsGet,
} from '@sluice/contracts'
import { createIds } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { books, history } from '../testing/books.ts'
import {
  ONE_WAVE,
  TWO_WAVES,
  campaign,
  claim,
  control,
  create,
  dataOf,
  go,
  observe,
  running,
  succeed,
  until,
  untilCampaign,
  upgrades,
} from '../testing/drive.ts'
import { ACTOR, type World, someDevices } from '../testing/world.ts'

const DAY = 86_400_000

export function campaignsSuite(open: () => Promise<World>): void {
  for (const status of ['quarantined', 'rejected', 'revoked'] as const) {
    test(`an artifact that is ${status} gets no campaign`, async () => {
      const world = await open()
      await world.scheduler()
      Object.assign(world.artifact, { status })
      const draft = { name: 'test', artifactId: world.artifact.artifactId, targets: {} }
      const reply = await world.ask(campaignCreate, { draft, actor: ACTOR })
      expect(reply).toMatchObject({ ok: false, error: { code: 'artifact_not_trusted' } })
    })
  }

  test('waves have their exact sizes, over several pages, and devices the image does not fit are left out', async () => {
    const world = await open()
    await world.scheduler()
    world.devices = someDevices(50).map((device, index) =>
      index % 10 === 0 ? { ...device, productClass: 'Other' } : device,
    )
    const waves = [
      { size: { count: 3 }, advance: 'auto' as const },
      { size: { percent: 20 }, advance: 'auto' as const },
      { size: { percent: 10 }, advance: 'auto' as const },
    ]
    const planned = await create(world, { waves })
    expect(planned).toMatchObject({ state: 'ready', size: 45 })
    expect(planned.waves.map(({ size }) => size)).toEqual([3, 9, 33])
    const all = await upgrades(world, planned.campaignId)
    expect([1, 2, 3].map((wave) => all.filter((one) => one.wave === wave).length)).toEqual([3, 9, 33])
    const [note] = await history(world, planned.campaignId, 'campaign.planned')
    expect(note?.data).toMatchObject({ size: 45, leftOut: 5 })
    const { stored, counted, folded } = await books(world, planned.campaignId)
    expect([stored, folded]).toEqual([counted, counted])
  })

  /** As many names as a draft may have. */
  const manyNames = (length: number) =>
    Array.from({ length: 10_000 }, (_, n) => `00D09E-HomeGateway-${String(n).padStart(length, '0')}`)

  test('campaigns of ten thousand names are listed in pages that one message takes, and told whole to who listens', async () => {
    const world = await open()
    await world.scheduler()
    world.devices = someDevices(1)
    const heard: Campaign[] = []
    await world.outside.listen(campaignChanged, ({ data }) => heard.push(data))
    const targets = { names: manyNames(10) }
    const ids: string[] = []
    for (let n = 0; n < 4; n++) ids.unshift((await create(world, ONE_WAVE, targets)).campaignId)
    const listed: string[] = []
    for (let cursor: string | null = null, pages = 0; pages === 0 || cursor !== null; pages++) {
      const query = { limit: 100, ...(cursor !== null && { cursor }) }
      const page: OutputOf<typeof campaignList> = dataOf(await world.ask(campaignList, query))
      listed.push(...page.items.map(({ campaignId }) => campaignId))
      cursor = page.next
    }
    expect(listed).toEqual(ids)
    expect((await control(world, ids[0]!, 'abort')).state).toBe('aborted')
    await waitUntil(() => heard.some((one) => one.campaignId === ids[0] && one.state === 'aborted'))
    expect(heard.at(-1)!.targets).toEqual(targets)
    expect(dataOf(await world.ask(campaignReport, { campaignId: ids[0]! })).acts.length).toBeGreaterThan(2)
    const histories = await world.ask(historyList, { afterSeq: 0, limit: 1_000 })
    expect(dataOf(histories).items.length).toBeGreaterThan(1)
  })

  test('a campaign that nobody could be told of in one message is refused with the reason, planned or tried', async () => {
    const world = await open()
    await world.scheduler()
    const draft = { name: 'test', artifactId: world.artifact.artifactId, targets: { names: manyNames(60) } }
    for (const reply of [
      await world.ask(campaignCreate, { draft, actor: ACTOR }),
      await world.ask(campaignDryRun, { draft, actor: ACTOR }),
    ]) {
      expect(reply).toMatchObject({ ok: false, error: { code: 'too_large' } })
      expect(!reply.ok && reply.error.detail).toContain('its targets and policy have')
    }
    expect(dataOf(await world.ask(campaignList, { limit: 1 })).items).toEqual([])
  })

  test('a policy that names no time zone there is, is refused', async () => {
    const world = await open()
    await world.scheduler()
    const windows = [{ zone: 'Europe/Nowhere', from: '01:00', to: '05:00' }]
    const draft = { name: 'test', artifactId: world.artifact.artifactId, targets: {}, policy: { windows } }
    const reply = await world.ask(campaignCreate, { draft, actor: ACTOR })
    expect(reply).toMatchObject({ ok: false, error: { code: 'invalid_request' } })
  })

  test('a campaign does only what its state allows', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId } = await create(world)
    for (const action of ['pause', 'resume', 'advance'] as const) {
      const reply = await world.ask(campaignControl, { campaignId, action, actor: ACTOR })
      expect(reply).toMatchObject({ ok: false, error: { code: 'campaign_state' } })
    }
    const unknown = { campaignId: `cmp_${'0'.repeat(26)}`, action: 'start' as const, actor: ACTOR }
    expect(await world.ask(campaignControl, unknown)).toMatchObject({ ok: false, error: { code: 'not_found' } })
  })

  test('two operators who start one campaign at two schedulers start it once', async () => {
    const world = await open()
    await world.scheduler()
    await world.scheduler()
    const { campaignId } = await create(world)
    const start = () => world.ask(campaignControl, { campaignId, action: 'start', actor: ACTOR })
    const replies = await Promise.all([start(), start(), start()])
    expect(replies.filter(({ ok }) => ok)).toHaveLength(1)
    expect(await history(world, campaignId, 'campaign.wave_opened')).toHaveLength(1)
  })

  test('a wave that passes its gate opens the next one, and the last one ends the campaign', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 4, TWO_WAVES)
    for (const wave of [1, 2]) {
      await untilCampaign(world, campaignId, ({ waves }) => waves[wave - 1]?.state === 'open')
      for (const upgrade of all.filter((one) => one.wave === wave)) {
        await succeed(world, campaignId, upgrade.deviceKey, await go(world, upgrade))
      }
    }
    const done = await untilCampaign(world, campaignId, ({ state }) => state === 'finished')
    expect(done.waves.map(({ state }) => state)).toEqual(['passed', 'passed'])
    const opened = await history(world, campaignId, 'campaign.wave_opened')
    expect(opened[1]?.data).toMatchObject({ wave: 2, counters: { success: 2, pending: 2 } })
  })

  test('rule 4; request 8: a manual wave waits for its approval', async () => {
    const world = await open()
    await world.scheduler()
    const [first, second] = TWO_WAVES.waves
    const { campaignId, all } = await running(world, 3, {
      ...TWO_WAVES,
      waves: [{ ...first!, advance: 'manual' }, second!],
    })
    for (const upgrade of all.filter(({ wave }) => wave === 1)) {
      await succeed(world, campaignId, upgrade.deviceKey, await go(world, upgrade))
    }
    await untilCampaign(world, campaignId, ({ waves }) => waves[0]?.gate?.includes('waits for an approval') === true)
    expect((await campaign(world, campaignId)).waves[1]?.state).toBe('closed')
    const approved = await control(world, campaignId, 'advance')
    expect(approved.waves[1]?.state).toBe('open')
  })

  test('the next wave rests for the soak time', async () => {
    const world = await open()
    await world.scheduler()
    const gate = { ...TWO_WAVES.gate, soakMs: 3_600_000 }
    const { campaignId, all } = await running(world, 3, { ...TWO_WAVES, gate })
    for (const upgrade of all.filter(({ wave }) => wave === 1)) {
      await succeed(world, campaignId, upgrade.deviceKey, await go(world, upgrade))
    }
    await untilCampaign(world, campaignId, ({ waves }) => waves[0]?.gate?.includes('rests until') === true)
    const looked = () => world.sql.query(`select 1 from scheduler.campaigns where check_at > $1`, [world.clock.now()])
    world.clock.shift(2_000_000)
    await waitUntil(async () => (await looked()).length === 1)
    world.clock.shift(1_700_000)
    await untilCampaign(world, campaignId, ({ waves }) => waves[1]?.state === 'open')
  })

  test('what was done is answered as done, even if nobody can be told of it', async () => {
    const world = await open()
    const deaf = (real: Bus): Bus => ({
      ...real,
      announce: () => {
        throw new Error('nobody can be told')
      },
    })
    await world.scheduler({}, deaf)
    const { campaignId, all } = await running(world, 2)
    await control(world, campaignId, 'pause')
    expect((await control(world, campaignId, 'resume')).state).toBe('running')
    await go(world, all[0]!)
    expect((await control(world, campaignId, 'abort')).state).toBe('aborted')
    await untilCampaign(world, campaignId, ({ counters }) => counters.benign === 1)
  })

  test('request 12, 21: an abort withdraws what waits and cancels what runs', async () => {
    const world = await open()
    await world.scheduler({ sweepPageSize: 2 })
    const { campaignId, all } = await running(world, 7)
    const attemptId = await go(world, all[3]!)
    const aborted = await control(world, campaignId, 'abort')
    expect(aborted.state).toBe('aborted')
    await untilCampaign(world, campaignId, ({ counters }) => counters.pending === 0 && counters.benign === 6)
    await until(world, campaignId, all[3]!.deviceKey, 'cancelling')
    await waitUntil(() =>
      world.placed.some(
        (item) => item.op === 'put_task' && item.task.kind === 'cancel' && item.task.taskId === attemptId,
      ),
    )
    expect(dataOf(await world.ask(transferStopsGet, {})).campaignIds).toEqual([campaignId])
    expect(await claim(world, all[0]!)).toMatchObject({ kind: 'gone' })

    await observe(world, { deviceKey: all[3]!.deviceKey, fact: { kind: 'cancel_answered', attemptId, faultCode: 0 } })
    await until(world, campaignId, all[3]!.deviceKey, 'cancelled')
    const { stored, counted, folded } = await books(world, campaignId)
    expect([stored, folded]).toEqual([counted, counted])
  })

  test('request 12: an aborted campaign is refused by the file servers for as long as any credentials hold that were given for it', async () => {
    const world = await open()
    await world.scheduler()
    const patient = await running(world, 1, { ...ONE_WAVE, timers: { firstReportMs: 20 * DAY } })
    await go(world, patient.all[0]!)
    const usual = await running(world, 1)
    for (const { campaignId } of [patient, usual]) await control(world, campaignId, 'abort')
    const stops = async () => dataOf(await world.ask(transferStopsGet, {})).campaignIds
    expect(await stops()).toEqual([patient.campaignId, usual.campaignId])
    world.clock.shift(8 * DAY)
    expect(await stops()).toEqual([patient.campaignId])
    world.clock.shift(Date.parse(world.resolved[0]!.expiresAt) - world.clock.now())
    expect(await stops()).toEqual([patient.campaignId])
    world.clock.shift(DAY)
    expect(await stops()).toEqual([])
  })

  test('when trust in an artifact is withdrawn its campaigns end', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 3)
    await go(world, all[0]!)
    const { artifactId } = world.artifact
    const data = { artifactId, reason: 'leaked key', actor: ACTOR }
    const event = { id: createIds().event(), key: artifactId, data }
    await world.bus.publish(artifactRevoked, [event])
    await world.bus.publish(artifactRevoked, [event])
    const ended = await untilCampaign(
      world,
      campaignId,
      ({ state, counters }) => state === 'aborted' && counters.benign === 2,
    )
    expect(ended.stateReason).toBe('the artifact was revoked: leaked key')
    const withdrawn = (await upgrades(world, campaignId)).filter(({ state }) => state === 'cancelled')
    expect(withdrawn.map(({ reason }) => reason)).toEqual(['artifact_revoked', 'artifact_revoked'])
    await until(world, campaignId, all[0]!.deviceKey, 'cancelling')
    expect(dataOf(await world.ask(transferStopsGet, {})).artifactIds).toEqual([artifactId])
    expect(await history(world, campaignId, 'campaign.moved')).toHaveLength(2)
  })

  test('a campaign of devices that are all settled is over, and late facts still count', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 1, { ...ONE_WAVE, gate: { ...ONE_WAVE.gate!, minSettled: 1 } })
    const attemptId = await go(world, all[0]!)
    await succeed(world, campaignId, all[0]!.deviceKey, attemptId)
    await untilCampaign(world, campaignId, ({ state }) => state === 'finished')
    await observe(world, {
      deviceKey: all[0]!.deviceKey,
      fact: { kind: 'informed', softwareVersion: '1.0.0', events: [] },
    })
    await until(world, campaignId, all[0]!.deviceKey, 'regressed')
    expect((await campaign(world, campaignId)).counters).toMatchObject({ success: 0, hard: 1 })
  })
}
