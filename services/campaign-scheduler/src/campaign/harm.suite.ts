import { transferStopsGet } from '@sluice/contracts'
import { waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { history } from '../testing/books.ts'
import {
  ONE_WAVE,
  TWO_WAVES,
  campaign,
  claim,
  completed,
  control,
  dataOf,
  go,
  informed,
  observe,
  running,
  succeed,
  until,
  untilCampaign,
} from '../testing/drive.ts'
import { NEW, type World } from '../testing/world.ts'

async function refuseImage(world: World, campaignId: string, deviceKey: string, commandKey: string): Promise<void> {
  await observe(world, { deviceKey, fact: completed(commandKey, 9018) })
  await until(world, campaignId, deviceKey, 'failed')
}

/** A campaign that hurts devices stops itself, and what goes on after that. */
export function harmSuite(open: () => Promise<World>): void {
  test('request 20: a campaign that hurts devices stops itself, with the figures, and stops again at the next harm', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 8, {
      ...TWO_WAVES,
      waves: [{ size: { percent: 100 }, advance: 'auto' }],
    })
    const fail = async (upgrade: (typeof all)[number]) =>
      refuseImage(world, campaignId, upgrade.deviceKey, await go(world, upgrade))
    await fail(all[0]!)
    expect((await campaign(world, campaignId)).state).toBe('running')
    await fail(all[1]!)
    const stopped = await untilCampaign(world, campaignId, ({ state }) => state === 'paused')
    expect(stopped.stateReason).toContain('2 settled of 2 needed, 0 % with success, 100 % hurt (2 failed, 0 silent)')
    const moved = await history(world, campaignId, 'campaign.moved')
    expect(moved.at(-1)).toMatchObject({
      actor: 'service:campaign-scheduler',
      data: { to: 'paused', counters: { hard: 2 } },
    })
    expect(dataOf(await world.ask(transferStopsGet, {})).campaignIds).toEqual([campaignId])
    expect(await claim(world, all[2]!)).toMatchObject({ kind: 'not_before', reason: 'paused' })

    expect((await control(world, campaignId, 'resume')).state).toBe('running')
    expect(dataOf(await world.ask(transferStopsGet, {})).campaignIds).toEqual([])
    await fail(all[2]!)
    await untilCampaign(world, campaignId, ({ state }) => state === 'paused')
  })

  test('request 21: a stopped wave that is all settled goes on once an operator resumed and approved it', async () => {
    const world = await open()
    await world.scheduler()
    const [, second] = TWO_WAVES.waves
    const { campaignId, all } = await running(world, 5, {
      waves: [{ size: { count: 3 }, advance: 'auto' }, second!],
      gate: { ...TWO_WAVES.gate, failureThreshold: 0.1 },
    })
    const first = all.filter(({ wave }) => wave === 1)
    const attempts = await Promise.all(first.map((upgrade) => go(world, upgrade)))
    await refuseImage(world, campaignId, first[0]!.deviceKey, attempts[0]!)
    for (const index of [1, 2]) await succeed(world, campaignId, first[index]!.deviceKey, attempts[index]!)
    await untilCampaign(world, campaignId, ({ state }) => state === 'paused')
    const resumed = await control(world, campaignId, 'resume')
    expect(resumed.waves[1]?.state).toBe('closed')
    expect(resumed.waves[0]?.gate).toContain('waits for an approval')
    expect((await control(world, campaignId, 'advance')).waves[1]?.state).toBe('open')
  })

  test('an approval from before the harm opens nothing after the resume', async () => {
    const world = await open()
    await world.scheduler()
    const [, second] = TWO_WAVES.waves
    const { campaignId, all } = await running(world, 5, {
      waves: [{ size: { count: 3 }, advance: 'manual' }, second!],
      gate: { ...TWO_WAVES.gate, minSettled: 3, failureThreshold: 0.1 },
    })
    const first = all.filter(({ wave }) => wave === 1)
    const attempts = await Promise.all(first.map((upgrade) => go(world, upgrade)))
    expect((await control(world, campaignId, 'advance')).waves[1]?.state).toBe('closed')
    await refuseImage(world, campaignId, first[0]!.deviceKey, attempts[0]!)
    for (const index of [1, 2]) await succeed(world, campaignId, first[index]!.deviceKey, attempts[index]!)
    await untilCampaign(world, campaignId, ({ state }) => state === 'paused')
    const resumed = await control(world, campaignId, 'resume')
    expect(resumed.waves[1]?.state).toBe('closed')
    expect(resumed.waves[0]?.gate).toContain('waits for an approval')
    expect((await control(world, campaignId, 'advance')).waves[1]?.state).toBe('open')
  })

  test('harm that was accepted and turned out well makes no room for other harm', async () => {
    const world = await open()
    await world.scheduler()
    const gate = { ...TWO_WAVES.gate, successThreshold: 0 }
    const { campaignId, all } = await running(world, 8, { ...ONE_WAVE, gate })
    for (const upgrade of all.slice(0, 2)) await go(world, upgrade)
    world.clock.shift(6 * 3_600_000)
    await untilCampaign(world, campaignId, ({ state, counters }) => state === 'paused' && counters.silent === 2)
    await control(world, campaignId, 'resume')
    for (const { deviceKey } of all.slice(0, 2)) {
      await observe(world, { deviceKey, fact: informed(NEW, '1 BOOT') })
      await until(world, campaignId, deviceKey, 'verifying')
    }
    world.clock.shift(20 * 60_000)
    for (const { deviceKey } of all.slice(0, 2)) {
      await observe(world, { deviceKey, fact: informed(NEW) })
      await until(world, campaignId, deviceKey, 'verified')
    }
    await untilCampaign(world, campaignId, ({ state, counters }) => state === 'running' && counters.success === 2)
    const others = all.slice(2, 4)
    const attempts = await Promise.all(others.map((upgrade) => go(world, upgrade)))
    for (const [index, { deviceKey }] of others.entries()) {
      await refuseImage(world, campaignId, deviceKey, attempts[index]!)
    }
    const stopped = await untilCampaign(world, campaignId, ({ state }) => state === 'paused')
    expect(stopped.counters).toMatchObject({ success: 2, silent: 0, hard: 2 })
  })

  test('an image that one device finds damaged is hashed again, of whatever devices say so in one breath once', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 5)
    const { artifactId } = world.artifact
    const keys: string[] = []
    for (const upgrade of all) keys.push(await go(world, upgrade))
    await refuseImage(world, campaignId, all[0]!.deviceKey, keys[0]!)
    const said = { artifactId, campaignId, faultCode: 9018 }
    await waitUntil(() => world.suspected.length === 1)
    const others = all
      .slice(1, 4)
      .map(({ deviceKey }, index) => ({ deviceKey, fact: completed(keys[index + 1]!, 9018) }))
    await observe(world, ...others)
    await waitUntil(() => world.suspected.length === 2)
    expect(world.suspected).toEqual([said, said])
    expect((await campaign(world, campaignId)).state).toBe('running')
  })

  test('an image that many devices refuse stops its campaign, with one alarm', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 8)
    for (const upgrade of all.slice(0, 5)) {
      const commandKey = await go(world, upgrade)
      await observe(world, { deviceKey: upgrade.deviceKey, fact: completed(commandKey, 9018) })
    }
    const stopped = await untilCampaign(world, campaignId, ({ state }) => state === 'paused')
    expect(stopped.stateReason).toBe('5 devices refused the image with fault 9018: it may be damaged')
    const alarms = await history(world, campaignId, 'alarm.raised')
    expect(alarms.map(({ data }) => data)).toEqual([{ code: 'suspect_image', subject: '9018', devices: 5 }])

    await control(world, campaignId, 'resume')
    await refuseImage(world, campaignId, all[5]!.deviceKey, await go(world, all[5]!))
    const again = await untilCampaign(world, campaignId, ({ state }) => state === 'paused')
    expect(again.stateReason).toBe('6 devices refused the image with fault 9018: it may be damaged')
  })
}
