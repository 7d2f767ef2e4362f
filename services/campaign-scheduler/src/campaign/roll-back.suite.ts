import { campaignControl, campaignRollBack } from '@sluice/contracts'
import { createIds } from '@sluice/runtime'
import { expect, test } from 'vitest'
import { claim, dataOf, go, running, succeed, untilCampaign, upgrades } from '../testing/drive.ts'
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
