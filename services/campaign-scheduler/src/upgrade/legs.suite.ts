import { type PolicyDraft, artifactRevoked, campaignControl, transferStopsGet } from '@sluice/contracts'
import { waveOf } from '@sluice/rollout'
import { createIds } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { books, history } from '../testing/books.ts'
import {
  ONE_WAVE,
  campaign,
  claim,
  completed,
  control,
  dataOf,
  informed,
  observe,
  tryTo,
  untilCampaign,
  upgrades,
} from '../testing/drive.ts'
import {
  STONE,
  addArtifact,
  claimAs,
  createWay,
  goAs,
  overStone,
  steppingRun,
  succeedOn,
  untilLeg,
  untilUpgrade,
} from '../testing/way.ts'
import { ACTOR, CLASS, NEW, OLD, OUI, type World, someDevices } from '../testing/world.ts'

async function withdrawTrust(world: World, artifactId: string): Promise<void> {
  const data = { artifactId, reason: 'leaked', actor: ACTOR }
  await world.bus.publish(artifactRevoked, [{ id: createIds(world.clock).event(), key: artifactId, data }])
}

async function booksAgree(world: World, campaignId: string): Promise<void> {
  const { stored, counted, folded } = await books(world, campaignId)
  expect(stored).toBe(counted)
  expect(folded).toBe(counted)
}

/** Ways of several legs: what the version of the claim decides, and what follows a stepping stone. */
export function legsSuite(open: () => Promise<World>): void {
  test('a device goes over a stepping stone to the last version, each leg an upgrade of its own', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, stone, all } = await steppingRun(world, 1)
    const first = await goAs(world, all[0]!)
    expect(first.watch.targetVersions).toEqual([STONE])
    await succeedOn(world, all[0]!, first.attemptId, STONE)

    const next = await untilLeg(world, campaignId, all[0]!.deviceKey, 2)
    expect(next).toMatchObject({ wave: 1, state: 'pending', fromVersion: null, artifactId: world.artifact.artifactId })
    await waitUntil(() => world.placed.some((one) => one.op === 'put_task' && one.task.taskId === next.upgradeId))
    expect(await campaign(world, campaignId)).toMatchObject({
      size: 2,
      state: 'running',
      counters: { benign: 1, success: 0 },
    })
    const second = await goAs(world, next, { softwareVersion: STONE })
    expect(second.watch.targetVersions).toEqual([NEW])
    await succeedOn(world, next, second.attemptId, NEW)

    const done = await untilCampaign(world, campaignId, ({ state }) => state === 'finished')
    expect(done).toMatchObject({ size: 2, counters: { success: 1, benign: 1 }, waves: [{ size: 2 }] })
    expect(world.resolved.map(({ artifactId }) => artifactId)).toEqual([stone.artifactId, world.artifact.artifactId])
    await booksAgree(world, campaignId)
  })

  test('who joins late is ranked among devices, and needs an approval beyond so many devices, whatever legs they took', async () => {
    const world = await open()
    await world.scheduler({ dynamicEveryMs: 20, planPageSize: 100, approvalAbove: 43 })
    const stone = addArtifact(world, STONE)
    world.devices = someDevices(3)
    const waves: NonNullable<PolicyDraft['waves']> = [
      { size: { count: 3 }, advance: 'manual' },
      { size: { percent: 100 }, advance: 'manual' },
    ]
    const dynamic = { endsAt: new Date(world.clock.now() + 86_400_000).toISOString() }
    const campaignId = await createWay(world, overStone(world, stone), { ...ONE_WAVE, waves }, { dynamic })
    await control(world, campaignId, 'start')
    for (const upgrade of await upgrades(world, campaignId)) {
      const { attemptId } = await goAs(world, upgrade)
      await succeedOn(world, upgrade, attemptId, STONE)
      await untilLeg(world, campaignId, upgrade.deviceKey, 2)
    }
    const early = (await upgrades(world, campaignId)).map(({ deviceKey }) => deviceKey)
    const changedAt = new Date(world.clock.now()).toISOString()
    world.devices = someDevices(43).map((device) => ({ ...device, changedAt }))
    // Six upgrades of three devices, and forty devices more.
    await untilCampaign(world, campaignId, ({ size }) => size === 46)
    const [row] = await world.sql.query<{ seed: string }>(`select seed from scheduler.campaigns`)
    const late = (await upgrades(world, campaignId)).filter(({ deviceKey }) => !early.includes(deviceKey))
    expect(late).toHaveLength(40)
    const expected = late.map(({ deviceKey }) => waveOf(deviceKey, row!.seed, waves, 4) + 1)
    expect(late.map(({ wave }) => wave)).toEqual(expected)
    await booksAgree(world, campaignId)
  })

  test('a device that went further by itself is claimed for the leg that fits it now', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await steppingRun(world, 1)
    const { attemptId, watch } = await goAs(world, all[0]!, { softwareVersion: STONE })
    expect(watch.targetVersions).toEqual([NEW])
    await succeedOn(world, all[0]!, attemptId, NEW)
    const finished = await untilCampaign(world, campaignId, ({ state }) => state === 'finished')
    expect(finished).toMatchObject({ size: 1, counters: { success: 1 } })
    expect((await upgrades(world, campaignId))[0]).toMatchObject({ leg: 1, artifactId: world.artifact.artifactId })
  })

  test('a try that failed is tried again on the leg that fits then', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await steppingRun(world, 1)
    const { deviceKey, upgradeId } = all[0]!
    const { attemptId } = await goAs(world, all[0]!)
    await observe(world, { deviceKey, fact: completed(attemptId, 9010) })
    await untilUpgrade(world, campaignId, upgradeId, 'retry')
    world.clock.shift(86_400_000)
    expect((await goAs(world, all[0]!, { softwareVersion: STONE })).watch.targetVersions).toEqual([NEW])
  })

  test('who is not on the way is skipped, with the reason', async () => {
    const world = await open()
    await world.scheduler()
    const stone = addArtifact(world, STONE)
    world.devices = someDevices(3)
    const { artifactId } = world.artifact
    const path = [
      { artifactId: stone.artifactId, from: { from: '1.0', below: STONE }, steppingStone: true },
      { artifactId, from: { from: STONE } },
    ]
    const campaignId = await createWay(world, path)
    await control(world, campaignId, 'start')
    const all = await upgrades(world, campaignId)
    expect(await claim(world, all[0]!, '0.9.0')).toEqual({ kind: 'gone', reason: 'no_leg_from_this_version' })
    expect(await claim(world, all[1]!, NEW)).toEqual({ kind: 'gone', reason: 'already_on_target' })
    expect(await claimAs(world, all[2]!, { productClass: 'Other' })).toEqual({
      kind: 'gone',
      reason: 'model_does_not_fit',
    })
    expect((await campaign(world, campaignId)).outcomes).toEqual({ skipped: 3 })
  })

  test('a downgrade is refused at the claim, unless the policy allows it', async () => {
    const world = await open()
    await world.scheduler()
    world.devices = someDevices(1)
    const path = [{ artifactId: world.artifact.artifactId }]
    const refused = await createWay(world, path)
    await control(world, refused, 'start')
    expect(await claim(world, (await upgrades(world, refused))[0]!, '2.0.1')).toEqual({
      kind: 'gone',
      reason: 'downgrade',
    })
    expect((await upgrades(world, refused))[0]).toMatchObject({ state: 'skipped', reason: 'downgrade' })
    const allowed = await createWay(world, path, { ...ONE_WAVE, allowDowngrade: true })
    const by = { actor: 'operator:another' }
    expect((await world.ask(campaignControl, { campaignId: allowed, action: 'approve', ...by })).ok).toBe(true)
    await control(world, allowed, 'start')
    expect((await claim(world, (await upgrades(world, allowed))[0]!, '2.0.1')).kind).toBe('go')
  })

  test('each model has its own artifact in one campaign', async () => {
    const world = await open()
    await world.scheduler()
    const other = addArtifact(world, '7.1', { fits: [{ oui: OUI, productClass: 'Bridge' }] })
    const [one, two] = someDevices(2)
    world.devices = [one!, { ...two!, productClass: 'Bridge' }]
    const path = [{ artifactId: world.artifact.artifactId }, { artifactId: other.artifactId }]
    const campaignId = await createWay(world, path)
    await control(world, campaignId, 'start')
    for (const upgrade of await upgrades(world, campaignId)) {
      const productClass = upgrade.deviceKey === two!.deviceKey ? 'Bridge' : CLASS
      const { attemptId, watch } = await goAs(world, upgrade, { productClass })
      expect(watch.targetVersions).toEqual([productClass === CLASS ? NEW : '7.1'])
      const asked = world.resolved.find((item) => item.attemptId === attemptId)
      expect(asked?.artifactId).toBe(productClass === CLASS ? world.artifact.artifactId : other.artifactId)
    }
  })

  test('stepping stones alone open no wave: the next one waits for the last version', async () => {
    const world = await open()
    await world.scheduler()
    const waves = [
      { size: { count: 1 }, advance: 'auto' as const },
      { size: { percent: 100 }, advance: 'auto' as const },
    ]
    const gate = { minSettled: 1, successThreshold: 0.5, failureThreshold: 0.5, soakMs: 0, limits: {} }
    const { campaignId, all } = await steppingRun(world, 2, { waves, gate })
    const canary = all.find(({ wave }) => wave === 1)!
    await succeedOn(world, canary, (await goAs(world, canary)).attemptId, STONE)
    const next = await untilLeg(world, campaignId, canary.deviceKey, 2)
    await untilCampaign(world, campaignId, (one) => one.waves[0]!.gate !== null)
    expect((await campaign(world, campaignId)).waves.map(({ state }) => state)).toEqual(['open', 'closed'])
    await succeedOn(world, next, (await goAs(world, next, { softwareVersion: STONE })).attemptId, NEW)
    await untilCampaign(world, campaignId, (one) => one.waves[1]!.state === 'open')
  })

  test('late facts of a stepping stone plan no second leg, and disturb none', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await steppingRun(world, 1)
    const { deviceKey, upgradeId } = all[0]!
    const offeredAt = world.clock.now()
    const { attemptId } = await goAs(world, all[0]!)
    await succeedOn(world, all[0]!, attemptId, STONE)
    const next = await untilLeg(world, campaignId, deviceKey, 2)
    // A report of the old version that falls between two of the new one: the proof begins anew.
    await observe(world, { deviceKey, at: offeredAt + 5 * 60_000, fact: informed(OLD, '2 PERIODIC') })
    await observe(world, { deviceKey, at: offeredAt + 6 * 60_000, fact: informed(STONE, '2 PERIODIC') })
    await untilUpgrade(world, campaignId, upgradeId, 'verifying')
    expect(await claim(world, next, STONE)).toMatchObject({ kind: 'not_before', reason: 'held_elsewhere' })
    world.clock.shift(10 * 60_000)
    await observe(world, { deviceKey, fact: informed(STONE, '2 PERIODIC') })
    await untilUpgrade(world, campaignId, upgradeId, 'verified')
    const second = await goAs(world, next, { softwareVersion: STONE })
    await observe(world, { deviceKey, fact: completed(attemptId) }, { deviceKey, fact: completed(attemptId, 9010) })
    await succeedOn(world, next, second.attemptId, NEW)
    world.clock.shift(3 * 3_600_000)
    await observe(world, { deviceKey, fact: informed(NEW, '2 PERIODIC') }, { deviceKey, fact: completed(attemptId) })
    await untilUpgrade(world, campaignId, upgradeId, 'verified')
    await untilCampaign(world, campaignId, ({ state }) => state === 'finished')
    expect((await upgrades(world, campaignId)).map(({ leg, state }) => `${leg} ${state}`).toSorted()).toEqual([
      '1 verified',
      '2 verified',
    ])
    expect(await history(world, campaignId, 'upgrade.planned')).toHaveLength(1)
    await booksAgree(world, campaignId)
  })

  test('a device that fell back from its stepping stone begins again, and not for ever', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await steppingRun(world, 1)
    const { deviceKey } = all[0]!
    let upgrade = all[0]!
    for (let leg = 1; leg <= 4; leg += 1) {
      upgrade = await untilLeg(world, campaignId, deviceKey, leg)
      await succeedOn(world, upgrade, (await goAs(world, upgrade)).attemptId, STONE)
      await observe(world, { deviceKey, fact: informed(OLD, '1 BOOT') })
      await untilUpgrade(world, campaignId, upgrade.upgradeId, 'regressed')
    }
    await untilCampaign(world, campaignId, ({ counters }) => counters.hard === 4)
    expect((await history(world, campaignId, 'upgrade.way_ended'))[0]?.data).toMatchObject({ reason: 'too_many_legs' })
    await booksAgree(world, campaignId)
  })

  test('a campaign that is over plans no next leg; one that is paused does, and offers nothing', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await steppingRun(world, 2)
    const paused = await goAs(world, all[0]!)
    const aborted = await goAs(world, all[1]!)
    await control(world, campaignId, 'pause')
    await succeedOn(world, all[0]!, paused.attemptId, STONE)
    const next = await untilLeg(world, campaignId, all[0]!.deviceKey, 2)
    expect(await claimAs(world, next, { softwareVersion: STONE })).toMatchObject({
      kind: 'not_before',
      reason: 'paused',
    })
    await control(world, campaignId, 'abort')
    await untilUpgrade(world, campaignId, next.upgradeId, 'cancelled')
    await succeedOn(world, all[1]!, aborted.attemptId, STONE)
    expect(await upgrades(world, campaignId)).toHaveLength(3)
    await booksAgree(world, campaignId)
  })

  test('when trust in one artifact of a way is withdrawn the campaign ends', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, stone } = await steppingRun(world, 1)
    await withdrawTrust(world, stone.artifactId)
    const ended = await untilCampaign(world, campaignId, ({ state }) => state === 'aborted')
    expect(ended.stateReason).toContain('leaked')
  })

  test('a way that was made before anybody knew that trust in one of its artifacts was withdrawn does not start', async () => {
    const world = await open()
    await world.scheduler()
    const stone = addArtifact(world, STONE)
    await withdrawTrust(world, stone.artifactId)
    await waitUntil(async () => dataOf(await world.ask(transferStopsGet, {})).artifactIds.includes(stone.artifactId))
    // The resolver has not heard of it.
    const campaignId = await createWay(world, overStone(world, stone))
    await untilCampaign(world, campaignId, ({ state }) => state === 'ready')
    expect(await tryTo(world, campaignId, 'start')).toBe('artifact_not_trusted')
  })
}
