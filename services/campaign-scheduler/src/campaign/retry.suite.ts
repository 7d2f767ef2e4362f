import { type CampaignDraft, campaignCreate, campaignDryRun, campaignRollBack } from '@sluice/contracts'
import { createIds } from '@sluice/runtime'
import { expect, test } from 'vitest'
import {
  ONE_WAVE,
  campaign,
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
  upgrades,
} from '../testing/drive.ts'
import { STONE, addArtifact, steppingRun } from '../testing/way.ts'
import { ACTOR, NEW, OLD, type World, someDevices } from '../testing/world.ts'

type Again = Partial<CampaignDraft> & Pick<CampaignDraft, 'retryOf'>

const draftOf = (again: Again): CampaignDraft => ({ name: 'again', targets: {}, ...again })
const ask = (world: World, again: Again) => world.ask(campaignCreate, { draft: draftOf(again), actor: ACTOR })

async function planAgain(world: World, again: Again) {
  const { campaignId } = dataOf(await ask(world, again))
  const planned = await untilCampaign(world, campaignId, ({ state }) => state !== 'planning')
  const keys = (await upgrades(world, campaignId)).map(({ deviceKey }) => deviceKey)
  return { planned, keys: keys.toSorted() }
}

/** All of them were stopped before they were asked. */
async function stopped(world: World, count: number) {
  const { campaignId, all } = await running(world, count)
  await control(world, campaignId, 'abort')
  await untilCampaign(world, campaignId, ({ outcomes }) => outcomes['cancelled'] === count)
  return { campaignId, keys: all.map(({ deviceKey }) => deviceKey).toSorted() }
}

export function retrySuite(open: () => Promise<World>): void {
  test('request 18; request 21: whom a campaign left behind is tried again by another one, with the same image and rules', async () => {
    const world = await open()
    await world.scheduler()
    const gate = { ...ONE_WAVE.gate, limits: { hard: 2, overdue: null } }
    const { campaignId, all } = await running(world, 3, { ...ONE_WAVE, gate, caps: { inFlight: 3, unproven: 7 } })
    const [well, badly, never] = all
    await succeed(world, campaignId, well!.deviceKey, await go(world, well!))
    await observe(world, { deviceKey: badly!.deviceKey, fact: completed(await go(world, badly!), 9018) })
    await until(world, campaignId, badly!.deviceKey, 'failed')
    await control(world, campaignId, 'abort')
    await until(world, campaignId, never!.deviceKey, 'cancelled')

    const { planned, keys } = await planAgain(world, { retryOf: { campaignId } })
    expect(keys).toEqual([badly!.deviceKey])
    const { policy } = await campaign(world, campaignId)
    expect(policy.gate.limits).toEqual({ hard: 2, configLost: 0.01 })
    expect(planned).toMatchObject({ size: 1, version: NEW, retryOf: { campaignId } })
    expect(planned.policy).toEqual(policy)
    expect((await planAgain(world, { retryOf: { campaignId, endedAs: ['cancelled'] } })).keys).toEqual([
      never!.deviceKey,
    ])
    const neither = await planAgain(world, { retryOf: { campaignId, endedAs: ['timed_out', 'declined'] } })
    expect(neither.keys).toEqual([])

    await control(world, planned.campaignId, 'start')
    const [again] = await upgrades(world, planned.campaignId)
    await succeed(world, planned.campaignId, again!.deviceKey, await go(world, again!))
  })

  test('request 18: a device that got there by itself since is left out of the retry', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, keys } = await stopped(world, 2)
    world.devices = world.devices.map((device) => ({
      ...device,
      softwareVersion: device.deviceKey === keys[0] ? NEW : OLD,
    }))
    const again = await planAgain(world, { retryOf: { campaignId, endedAs: ['cancelled'] } })
    expect(again.keys).toEqual([keys[1]])
    expect(again.planned.leftOut).toEqual({ already_on_target: 1 })
  })

  test('a retry reads all pages of the other campaign and of the inventory, and keeps to its own targets', async () => {
    const world = await open()
    await world.scheduler({ planPageSize: 5 })
    world.registryMost = 2
    const { campaignId, keys } = await stopped(world, 23)
    // Some are gone from the inventory since, and others came that the campaign never had.
    world.devices = someDevices(40).filter(({ deviceKey }) => deviceKey !== keys[4])
    const rest = keys.filter((key) => key !== keys[4])
    const retryOf = { campaignId, endedAs: ['cancelled' as const] }
    expect((await planAgain(world, { retryOf })).keys).toEqual(rest)
    const some = [
      keys[1]!,
      keys[4]!,
      keys[20]!,
      world.devices.find(({ deviceKey }) => !keys.includes(deviceKey))!.deviceKey,
    ]
    expect((await planAgain(world, { retryOf, targets: { deviceKeys: some } })).keys).toEqual([keys[1], keys[20]])
    const would = dataOf(await world.ask(campaignDryRun, { draft: draftOf({ retryOf }), actor: ACTOR }))
    expect(would.devices).toBe(rest.length)
  })

  test('a device that a stepping stone led on to failure is tried again, and one that passed it is not', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await steppingRun(world, 2)
    const [one, other] = all
    await observe(world, { deviceKey: one!.deviceKey, fact: completed(await go(world, one!), 9018) })
    await until(world, campaignId, one!.deviceKey, 'failed')
    const attemptId = await go(world, other!)
    await observe(
      world,
      { deviceKey: other!.deviceKey, fact: completed(attemptId) },
      { deviceKey: other!.deviceKey, fact: informed(STONE, '1 BOOT', 'M Download') },
    )
    await until(world, campaignId, other!.deviceKey, 'verifying')
    const again = await planAgain(world, { retryOf: { campaignId } })
    expect(again.keys).toEqual([one!.deviceKey])
    expect(again.planned.path).toMatchObject([{ version: STONE, steppingStone: true }, { version: NEW }])
  })

  test('a retry of what is unknown, forgotten, a rollback, or dynamic is refused with the reason', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 1)
    const retryOf = { campaignId }
    const dynamic = { endsAt: new Date(world.clock.now() + 60_000).toISOString() }
    const refusal = async (again: Again) => {
      const replies = [
        await ask(world, again),
        await world.ask(campaignDryRun, { draft: draftOf(again), actor: ACTOR }),
      ].map((reply) => (reply.ok ? 'planned' : reply.error.code))
      expect(new Set(replies).size).toBe(1)
      return replies[0]
    }
    expect(await refusal({ retryOf, dynamic })).toBe('invalid_request')
    expect(await refusal({ retryOf: { campaignId: createIds().campaign() } })).toBe('not_found')

    addArtifact(world, OLD)
    await succeed(world, campaignId, all[0]!.deviceKey, await go(world, all[0]!))
    const back = dataOf(await world.ask(campaignRollBack, { campaignId, actor: ACTOR }))
    expect(await refusal({ retryOf: { campaignId: back.campaignId } })).toBe('invalid_request')

    await world.sql.query(`update scheduler.campaigns set devices_erased_at = 1 where campaign_id = $1`, [campaignId])
    expect(await refusal({ retryOf })).toBe('campaign_state')
  })
}
