import { campaignControl, campaignRollBack } from '@sluice/contracts'
import { createIds } from '@sluice/runtime'
import { expect, test } from 'vitest'
import {
  claim,
  dataOf,
  go,
  informed,
  observe,
  running,
  succeed,
  until,
  untilCampaign,
  upgrades,
} from '../testing/drive.ts'
import { ACTOR, NEW, OLD, type World } from '../testing/world.ts'

const ids = createIds()

function older(world: World): string {
  const artifactId = ids.artifact()
  world.others.push({ ...world.artifact, artifactId, version: OLD, softwareVersions: [OLD] })
  return artifactId
}

export function rollBackSuite(open: () => Promise<World>): void {
  test('a rollback ends its campaign, and takes those devices back that it moved, once a second person agrees', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 4)
    const back = older(world)
    // Two are moved, one is under way, one was never asked.
    for (const upgrade of all.slice(0, 2)) await succeed(world, campaignId, upgrade.deviceKey, await go(world, upgrade))
    await go(world, all[2]!)

    const reply = dataOf(await world.ask(campaignRollBack, { campaignId, reason: 'calls are up', actor: ACTOR }))
    const stopped = await untilCampaign(world, campaignId, ({ state }) => state === 'aborted')
    expect(stopped.stateReason).toBe('calls are up')
    const planned = await untilCampaign(world, reply.campaignId, ({ state }) => state !== 'planning')
    expect(planned).toMatchObject({ rollbackOf: campaignId, size: 2, artifactId: back, version: OLD })
    expect(planned.approval.neededBecause).toContain('rollback')
    const again = await world.ask(campaignRollBack, { campaignId, actor: ACTOR })
    expect(again).toMatchObject({ ok: false, error: { code: 'campaign_state' } })

    const tell = (action: 'approve' | 'start', actor: string) =>
      world.ask(campaignControl, { campaignId: planned.campaignId, action, actor })
    expect(await tell('start', ACTOR)).toMatchObject({ ok: false })
    expect(await tell('approve', ACTOR)).toMatchObject({ ok: false, error: { code: 'forbidden' } })
    dataOf(await tell('approve', 'operator:other'))
    dataOf(await tell('start', ACTOR))
    const taken = await upgrades(world, planned.campaignId)
    expect(taken.map(({ deviceKey }) => deviceKey).toSorted()).toEqual(
      all
        .slice(0, 2)
        .map(({ deviceKey }) => deviceKey)
        .toSorted(),
    )
    const first = taken.find(({ wave }) => wave === 1)!
    expect((await claim(world, first, NEW)).kind).toBe('go')
    expect(world.resolved.at(-1)).toMatchObject({ artifactId: back })
  })

  test('a device that another campaign has moved on since is not taken back', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 1)
    older(world)
    await succeed(world, campaignId, all[0]!.deviceKey, await go(world, all[0]!))
    const reply = dataOf(await world.ask(campaignRollBack, { campaignId, actor: ACTOR }))
    const planned = await untilCampaign(world, reply.campaignId, ({ state }) => state !== 'planning')
    for (const [action, actor] of [
      ['approve', 'operator:other'],
      ['start', ACTOR],
    ] as const)
      dataOf(await world.ask(campaignControl, { campaignId: planned.campaignId, action, actor }))
    const [upgrade] = await upgrades(world, planned.campaignId)
    expect(await claim(world, upgrade!, '3.0.0')).toEqual({ kind: 'gone', reason: 'no_leg_from_this_version' })
    expect(world.resolved).toHaveLength(1)
  })

  test('a report that comes late takes no device out of a rollback: its newest one tells what it runs', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 3)
    const [asTold, late, fallen] = all.map(({ deviceKey }) => deviceKey)
    const offeredAt = world.clock.now() + 1_000
    for (const upgrade of all) await go(world, upgrade)
    world.clock.shift(60 * 60_000)
    const report = (deviceKey: string, minutes: number, version: string) => ({
      deviceKey,
      at: offeredAt + minutes * 60_000,
      fact: informed(version, minutes === 10 ? '1 BOOT' : '2 PERIODIC'),
    })
    await observe(world, report(asTold!, 5, OLD), report(asTold!, 10, NEW), report(asTold!, 40, NEW))
    await observe(world, report(late!, 40, NEW), report(late!, 10, NEW))
    await observe(world, report(fallen!, 10, NEW), report(fallen!, 40, NEW))
    for (const deviceKey of [asTold!, late!, fallen!]) await until(world, campaignId, deviceKey, 'verified')
    await observe(world, report(late!, 5, OLD), report(fallen!, 45, OLD))
    await until(world, campaignId, fallen!, 'regressed')

    const reported = new Map((await upgrades(world, campaignId)).map((one) => [one.deviceKey, one.reportedVersion]))
    expect([asTold, late, fallen].map((key) => reported.get(key!))).toEqual([NEW, NEW, OLD])
    older(world)
    const { campaignId: backId } = dataOf(await world.ask(campaignRollBack, { campaignId, actor: ACTOR }))
    await untilCampaign(world, backId, ({ state }) => state !== 'planning')
    const taken = (await upgrades(world, backId)).map(({ deviceKey }) => deviceKey)
    expect(taken.toSorted()).toEqual([asTold!, late!].toSorted())
  })

  test('devices for which nothing reports where they came from are left out, with the reason', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 2)
    for (const [index, from] of [OLD, '0.9.0'].entries()) {
      const answer = await claim(world, all[index]!, from)
      if (answer.kind !== 'go') throw new Error('a go is expected')
      await succeed(world, campaignId, all[index]!.deviceKey, answer.attemptId)
    }
    // Nothing at all to go back to: the campaign is stopped, and nothing is planned.
    expect(await world.ask(campaignRollBack, { campaignId, actor: ACTOR })).toMatchObject({
      ok: false,
      error: { code: 'not_found' },
    })
    older(world)
    const reply = dataOf(await world.ask(campaignRollBack, { campaignId, actor: ACTOR }))
    const planned = await untilCampaign(world, reply.campaignId, ({ state }) => state !== 'planning')
    expect(planned).toMatchObject({ size: 1, leftOut: { no_artifact_to_go_back_to: 1 } })
  })
}
