import { waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import {
  ONE_WAVE,
  claim,
  completed,
  control,
  create,
  go,
  informed,
  observe,
  running,
  upgrades,
} from '../testing/drive.ts'
import { claimAs, goAs, succeedOn, untilUpgrade } from '../testing/way.ts'
import { NEW, OLD, type World, someDevices } from '../testing/world.ts'

/** Two campaigns on one device, and devices that are not what they were. */
export function interplaySuite(open: () => Promise<World>): void {
  test('rule 14: a lighter campaign that offered first keeps the device; the heavier one gets it when that is settled', async () => {
    const world = await open()
    await world.scheduler()
    const light = await running(world, 1, { ...ONE_WAVE, weight: 1 })
    const { attemptId } = await goAs(world, light.all[0]!)
    const heavy = await running(world, 1, { ...ONE_WAVE, weight: 900 })
    expect(await claim(world, heavy.all[0]!)).toMatchObject({ kind: 'not_before', reason: 'held_elsewhere' })
    expect(await claim(world, light.all[0]!)).toMatchObject({ kind: 'open' })
    const { deviceKey } = light.all[0]!
    await observe(world, { deviceKey, fact: completed(attemptId, 9018) })
    await untilUpgrade(world, light.campaignId, light.all[0]!.upgradeId, 'failed')
    expect((await claim(world, heavy.all[0]!)).kind).toBe('go')
  })

  test('a lighter try that may be tried again is superseded by then', async () => {
    const world = await open()
    await world.scheduler()
    const light = await running(world, 1, { ...ONE_WAVE, weight: 1 })
    const { upgradeId, deviceKey } = light.all[0]!
    const { attemptId } = await goAs(world, light.all[0]!)
    const heavy = await running(world, 1, { ...ONE_WAVE, weight: 900 })
    await observe(world, { deviceKey, fact: completed(attemptId, 9010) })
    await untilUpgrade(world, light.campaignId, upgradeId, 'retry')
    world.clock.shift(86_400_000)
    expect(await claim(world, light.all[0]!)).toEqual({ kind: 'gone', reason: heavy.campaignId })
    expect((await claim(world, heavy.all[0]!)).kind).toBe('go')
  })

  test('of equal campaigns the first to ask gets the device, and the other one after it', async () => {
    const world = await open()
    await world.scheduler()
    const one = await running(world, 1)
    const other = await running(world, 1)
    const { attemptId } = await goAs(world, other.all[0]!)
    expect(await claim(world, one.all[0]!)).toMatchObject({ kind: 'not_before', reason: 'held_elsewhere' })
    await succeedOn(world, other.all[0]!, attemptId, NEW)
    expect(await claim(world, one.all[0]!, NEW)).toEqual({ kind: 'gone', reason: 'already_on_target' })
  })

  test('a heavier campaign that is paused, or whose wave is closed, takes nothing away', async () => {
    const world = await open()
    await world.scheduler()
    const light = await running(world, 2, { ...ONE_WAVE, weight: 1 })
    const heavy = await running(world, 2, { ...ONE_WAVE, weight: 900 })
    await control(world, heavy.campaignId, 'pause')
    await create(world, { ...ONE_WAVE, weight: 950 })
    expect((await claim(world, light.all[0]!)).kind).toBe('go')
    await control(world, heavy.campaignId, 'resume')
    expect(await claim(world, light.all[1]!)).toEqual({ kind: 'gone', reason: heavy.campaignId })
  })

  test('a device that was replaced by another serial number is a stranger to its campaigns', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 1)
    const replacement = someDevices(2).find(({ deviceKey }) => deviceKey !== all[0]!.deviceKey)
    const stranger = { upgradeId: all[0]!.upgradeId, deviceKey: replacement!.deviceKey }
    expect(await claim(world, stranger)).toEqual({ kind: 'gone', reason: 'unknown_upgrade' })
    await observe(world, { deviceKey: replacement!.deviceKey, fact: informed(OLD, '0 BOOTSTRAP', '1 BOOT') })
    expect(await upgrades(world, campaignId)).toMatchObject([{ state: 'pending' }])
  })

  test('a device that was provisioned anew while it waits is offered what waited for it', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 1)
    const { deviceKey } = all[0]!
    await observe(world, { deviceKey, fact: informed(OLD, '0 BOOTSTRAP', '1 BOOT') })
    const attemptId = await go(world, all[0]!)
    // The BOOTSTRAP of before the offer says nothing of what the upgrade did.
    await succeedOn(world, all[0]!, attemptId, NEW)
    expect(await upgrades(world, campaignId)).toMatchObject([{ state: 'verified' }])
  })

  test('how a model of two sets of arguments wants to be told is learnt from its first devices', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 4)
    const [teacher, next, contrary, last] = all
    const refusal = (attemptId: string) =>
      ({ kind: 'download_faulted', attemptId, faultCode: 9003, faultString: '' }) as const
    const accept = (attemptId: string) => ({ kind: 'download_answered', attemptId, status: 1 }) as const

    const first = await goAs(world, teacher!)
    expect(first.downloadArguments).toBe('usual')
    await observe(world, { deviceKey: teacher!.deviceKey, fact: refusal(first.attemptId) })
    await untilUpgrade(world, campaignId, teacher!.upgradeId, 'retry')
    const second = await goAs(world, teacher!)
    expect(second.downloadArguments).toBe('other')
    await observe(world, { deviceKey: teacher!.deviceKey, fact: accept(second.attemptId) })
    await untilUpgrade(world, campaignId, teacher!.upgradeId, 'accepted')
    expect((await goAs(world, next!)).downloadArguments).toBe('other')

    const third = await goAs(world, contrary!)
    await observe(world, { deviceKey: contrary!.deviceKey, fact: refusal(third.attemptId) })
    await untilUpgrade(world, campaignId, contrary!.upgradeId, 'retry')
    const fourth = await goAs(world, contrary!)
    expect(fourth.downloadArguments).toBe('usual')
    await observe(world, { deviceKey: contrary!.deviceKey, fact: accept(fourth.attemptId) })
    await untilUpgrade(world, campaignId, contrary!.upgradeId, 'accepted')
    // As many say the one as the other: then what the model's profile says.
    expect((await goAs(world, last!)).downloadArguments).toBe('usual')
  })

  test('a model of which three devices refuse both sets of arguments is offered nothing more', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 4)
    for (const upgrade of all.slice(0, 3)) {
      for (const state of ['retry', 'failed']) {
        const { attemptId } = await goAs(world, upgrade)
        const fact = { kind: 'download_faulted', attemptId, faultCode: 9002, faultString: '' } as const
        await observe(world, { deviceKey: upgrade.deviceKey, fact })
        await untilUpgrade(world, campaignId, upgrade.upgradeId, state)
      }
    }
    await waitUntil(async () => (await claimAs(world, all[3]!)).kind === 'gone')
    expect(await upgrades(world, campaignId)).toContainEqual(expect.objectContaining({ reason: 'model_blocked' }))
  })
}
