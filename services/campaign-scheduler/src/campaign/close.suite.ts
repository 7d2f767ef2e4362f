import { campaignCreate } from '@sluice/contracts'
import { expect, test } from 'vitest'
import {
  ONE_WAVE,
  campaign,
  claim,
  completed,
  control,
  dataOf,
  go,
  observe,
  running,
  succeed,
  until,
  untilCampaign,
} from '../testing/drive.ts'
import { STONE, steppingRun, succeedOn } from '../testing/way.ts'
import { ACTOR, type World, someDevices } from '../testing/world.ts'

const THREE_FIRST = { ...ONE_WAVE, waves: [{ size: { count: 3 }, advance: 'manual' as const }, ...ONE_WAVE.waves!] }

export function closeSuite(open: () => Promise<World>): void {
  test('request 18: a campaign that is closed offers nothing to anybody else, and finishes with who is under way', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 6, THREE_FIRST)
    const first = all.filter(({ wave }) => wave === 1)
    const attemptId = await go(world, first[0]!)
    await control(world, campaignId, 'close')
    expect(await claim(world, first[1]!)).toMatchObject({ kind: expect.stringMatching('not_before|gone') })
    const settled = await untilCampaign(world, campaignId, ({ outcomes }) => outcomes['cancelled'] === 5)
    expect(settled).toMatchObject({ state: 'running', counters: { pending: 0, inFlight: 1, benign: 5 } })

    await succeed(world, campaignId, first[0]!.deviceKey, attemptId)
    const over = await untilCampaign(world, campaignId, ({ state }) => state !== 'running')
    expect(over).toMatchObject({ state: 'finished', outcomes: { verified: 1, cancelled: 5 } })
  })

  test('a campaign that is closed before anybody came is finished, and not paused because nothing was proven', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId } = await running(world, 3)
    await control(world, campaignId, 'close')
    const over = await untilCampaign(world, campaignId, ({ state }) => state !== 'running')
    expect(over).toMatchObject({ state: 'finished', outcomes: { cancelled: 3 } })
  })

  test('a try that fails after the closing is the last one', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 2)
    const one = all[0]!
    const attemptId = await go(world, one)
    await control(world, campaignId, 'close')
    await untilCampaign(world, campaignId, ({ outcomes }) => outcomes['cancelled'] === 1)
    await observe(world, { deviceKey: one.deviceKey, fact: completed(attemptId, 9010) })
    await until(world, campaignId, one.deviceKey, 'retry')
    // At the next look at its gates.
    world.clock.shift(31_000)
    const over = await untilCampaign(world, campaignId, ({ state }) => state !== 'running')
    expect(over).toMatchObject({ state: 'finished', counters: { pending: 0, benign: 2 } })
  })

  test('rule 14: a campaign that is closed takes no device from a lighter one', async () => {
    const world = await open()
    await world.scheduler()
    const heavy = await running(world, 1, { ...ONE_WAVE, weight: 900 })
    const light = await running(world, 1, { ...ONE_WAVE, weight: 1 })
    // What waits in the heavy one stays as it was until the sweep of the closing has come to it.
    await world.sql.query(`update scheduler.waves set state = 'stopped' where campaign_id = $1`, [heavy.campaignId])
    expect((await claim(world, light.all[0]!)).kind).toBe('go')
  })

  test('harm after the closing stops a campaign like any other', async () => {
    const world = await open()
    await world.scheduler()
    const policy = { ...ONE_WAVE, gate: { minSettled: 1_000, soakMs: 0, limits: { hard: 0 } } }
    const { campaignId, all } = await running(world, 3, policy)
    const attempts = [await go(world, all[0]!), await go(world, all[1]!)]
    await control(world, campaignId, 'close')
    await observe(world, { deviceKey: all[0]!.deviceKey, fact: completed(attempts[0]!, 9018) })
    const halted = await untilCampaign(world, campaignId, ({ state }) => state !== 'running')
    expect(halted).toMatchObject({ state: 'paused', counters: { hard: 1, inFlight: 1 } })
  })

  test('a device that is over its stepping stone at the closing takes no next leg', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await steppingRun(world, 1)
    const attemptId = await go(world, all[0]!)
    await control(world, campaignId, 'close')
    await succeedOn(world, all[0]!, attemptId, STONE)
    const over = await untilCampaign(world, campaignId, ({ state }) => state !== 'running')
    expect(over).toMatchObject({ state: 'finished', counters: { pending: 0, inFlight: 0 } })
  })

  test('rule 2: nobody joins a dynamic campaign after it was closed', async () => {
    const world = await open()
    await world.scheduler({ dynamicEveryMs: 50 })
    world.devices = someDevices(2)
    const dynamic = { endsAt: new Date(world.clock.now() + 86_400_000).toISOString() }
    const { artifactId } = world.artifact
    const draft = { name: 'dynamic', artifactId, targets: {}, policy: ONE_WAVE, dynamic }
    const { campaignId } = dataOf(await world.ask(campaignCreate, { draft, actor: ACTOR }))
    await untilCampaign(world, campaignId, ({ state }) => state === 'ready')
    await control(world, campaignId, 'start')
    await control(world, campaignId, 'close')
    const changedAt = new Date(world.clock.now() + 1_000).toISOString()
    world.devices = someDevices(5).map((device) => ({ ...device, changedAt }))
    const over = await untilCampaign(world, campaignId, ({ state }) => state !== 'running')
    expect(over).toMatchObject({ state: 'finished', size: 2 })
  })

  test('only a campaign that runs is closed', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId } = await running(world, 1)
    await control(world, campaignId, 'pause')
    await expect(control(world, campaignId, 'close')).rejects.toThrow('campaign_state')
    expect((await campaign(world, campaignId)).counters.pending).toBe(1)
  })
}
