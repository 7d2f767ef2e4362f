import { type CapsChange, campaignControl, campaignReport, campaignSetCaps, historyList } from '@sluice/contracts'
import { createRandom } from '../testing/random.ts'
import { expect, test } from 'vitest'
import {
  ONE_WAVE,
  campaign,
  claim,
  control,
  dataOf,
  go,
  informed,
  observe,
  planned,
  running,
  until,
  upgrades,
} from '../testing/drive.ts'
import { STONE, addArtifact, createWay, overStone } from '../testing/way.ts'
import { ACTOR, NEW, OLD, type World, someDevices } from '../testing/world.ts'

type Listed = Awaited<ReturnType<typeof upgrades>>[number]

const reasonOf = (answer: Awaited<ReturnType<typeof claim>>) =>
  answer.kind === 'not_before' ? answer.reason : answer.kind
const goes = (answers: readonly { kind: string }[]) => answers.filter(({ kind }) => kind === 'go').length
const atSites = (count: number, sites: number) =>
  someDevices(count).map((device, index) => ({ ...device, site: `olt-${index % sites}` }))

async function started(world: World, devices: World['devices'], policy = ONE_WAVE) {
  world.devices = devices
  const { campaignId } = await planned(world, policy)
  await control(world, campaignId, 'start')
  return { campaignId, all: await upgrades(world, campaignId) }
}

/** What another one is told while this one is in flight, when it is back but not yet proven, and once it is proven. */
async function toldMeanwhile(world: World, campaignId: string, one: Listed, other: Listed): Promise<string[]> {
  const { deviceKey } = one
  const told: string[] = []
  const ask = async () => void told.push(reasonOf(await claim(world, other)))
  await go(world, one)
  await ask()
  await observe(world, { deviceKey, fact: informed(NEW, '1 BOOT', 'M Download') })
  await until(world, campaignId, deviceKey, 'verifying')
  await ask()
  world.clock.shift(20 * 60_000)
  await observe(world, { deviceKey, fact: informed(NEW, '3 SCHEDULED') })
  await until(world, campaignId, deviceKey, 'verified')
  await ask()
  return told
}

const setCaps = (world: World, campaignId: string, caps: CapsChange, actor = ACTOR) =>
  world.ask(campaignSetCaps, { campaignId, caps, actor, reason: 'the line is idle' })

export function capsSuite(open: () => Promise<World>): void {
  test('rule 6; request 10: claims in any order at two schedulers never pass the cap of a site', async () => {
    const world = await open()
    await world.scheduler({ maxClaimBatch: 3 })
    await world.scheduler({ maxClaimBatch: 1 })
    const caps = { inFlight: 100, unproven: 100, perSite: { inFlight: 2 } }
    const devices = atSites(18, 3)
    const siteOf = new Map(devices.map(({ deviceKey, site }) => [deviceKey, site]))
    const { all } = await started(world, devices, { ...ONE_WAVE, caps })
    const { shuffled, seed } = createRandom()
    const order = shuffled(all)
    const answers = await Promise.all(order.map((upgrade) => claim(world, upgrade)))
    const sites = order.filter((_, index) => answers[index]!.kind === 'go').map((one) => siteOf.get(one.deviceKey))
    expect(sites.map(String).toSorted(), `seed ${seed}`).toEqual(['olt-0', 'olt-0', 'olt-1', 'olt-1', 'olt-2', 'olt-2'])
    expect(answers.map(reasonOf).filter((reason) => reason === 'cap_site_in_flight')).toHaveLength(12)
    const use = await world.sql.query<{ site: string; n: number }>(
      `select site, in_flight as n from scheduler.site_use where in_flight <> 0 order by site`,
    )
    expect(use.map(({ n }) => n)).toEqual([2, 2, 2])
  })

  test('rule 6; request 10: claims of two campaigns at two schedulers never pass the cap of a site over all campaigns', async () => {
    const world = await open()
    const globalCaps = { inFlight: 100, unproven: 100, perSiteInFlight: 3 }
    for (let replica = 0; replica < 2; replica += 1) await world.scheduler({ globalCaps, maxClaimBatch: 1 })
    const devices = atSites(16, 1)
    const one = await started(world, devices.slice(0, 8))
    const other = await started(world, devices.slice(8))
    const answers = await Promise.all(
      one.all.flatMap((upgrade, index) => [claim(world, upgrade), claim(world, other.all[index]!)]),
    )
    expect(goes(answers)).toBe(3)
  })

  test('rule 6: starts of all campaigns together in one minute never pass their cap', async () => {
    const world = await open()
    const globalCaps = { inFlight: 100, unproven: 100, startsPerMinute: 3 }
    for (let replica = 0; replica < 2; replica += 1) await world.scheduler({ globalCaps, maxClaimBatch: 1 })
    const devices = someDevices(10)
    const one = await started(world, devices.slice(0, 5))
    const other = await started(world, devices.slice(5))
    const answers = await Promise.all([...one.all, ...other.all].map((upgrade) => claim(world, upgrade)))
    expect(goes(answers)).toBe(3)
    expect(answers.map(reasonOf).filter((reason) => reason === 'cap_starts_per_minute')).toHaveLength(7)
    world.clock.shift(61_000)
    const waiting = [...one.all, ...other.all].filter((_, index) => answers[index]!.kind !== 'go')
    expect(goes(await Promise.all(waiting.map((upgrade) => claim(world, upgrade))))).toBe(3)
  })

  test('rule 6: devices in flight count as unproven: they may be back in a moment', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 6, { ...ONE_WAVE, caps: { inFlight: 100, unproven: 2 } })
    const answers = await Promise.all(all.map((upgrade) => claim(world, upgrade)))
    expect(goes(answers)).toBe(2)
    expect(answers.map(reasonOf).filter((reason) => reason === 'cap_unproven')).toHaveLength(4)
    expect((await campaign(world, campaignId)).counters.inFlight).toBe(2)
  })

  test('rule 6: a device in flight or not yet proven fills the unproven cap over all campaigns until it is proven', async () => {
    const world = await open()
    await world.scheduler({ globalCaps: { inFlight: 100, unproven: 1 } })
    const devices = someDevices(2)
    const one = await started(world, devices.slice(0, 1))
    const other = await started(world, devices.slice(1))
    const told = await toldMeanwhile(world, one.campaignId, one.all[0]!, other.all[0]!)
    expect(told).toEqual(['cap_unproven', 'cap_unproven', 'go'])
  })

  test('rule 6: a device in flight or not yet proven fills the unproven cap of its site alone until it is proven', async () => {
    const world = await open()
    await world.scheduler()
    const devices = atSites(3, 2)
    const caps = { inFlight: 100, unproven: 100, perSite: { inFlight: 100, unproven: 1 } }
    const { campaignId, all } = await started(world, devices, { ...ONE_WAVE, caps })
    const [one, elsewhere, other] = devices.map(({ deviceKey }) => all.find((item) => item.deviceKey === deviceKey)!)
    await go(world, elsewhere!)
    const told = await toldMeanwhile(world, campaignId, one!, other!)
    expect(told).toEqual(['cap_site_unproven', 'cap_site_unproven', 'go'])
  })

  test('request 16: the cap of a campaign that runs is raised, and lowered, for the next claim at any scheduler', async () => {
    const world = await open()
    await world.scheduler()
    await world.scheduler()
    const { campaignId, all } = await running(world, 6, { ...ONE_WAVE, caps: { inFlight: 1, unproven: 100 } })
    const goesNow = async () => goes(await Promise.all(all.map((upgrade) => claim(world, upgrade))))
    expect(await goesNow()).toBe(1)

    const raised = dataOf(await setCaps(world, campaignId, { inFlight: 4 }))
    expect(raised.policy.caps).toMatchObject({ inFlight: 4, unproven: 100 })
    expect(await goesNow()).toBe(3)

    dataOf(await setCaps(world, campaignId, { inFlight: 2 }))
    expect(await goesNow()).toBe(0)
    // Nobody who is under way is stopped by it.
    expect((await campaign(world, campaignId)).counters.inFlight).toBe(4)
    const { acts } = dataOf(await world.ask(campaignReport, { campaignId }))
    expect(acts.flatMap(({ kind, to }) => (kind === 'campaign.caps_set' ? [to] : []))).toEqual([
      'inFlight 4',
      'inFlight 2',
    ])
    const { items } = dataOf(await world.ask(historyList, { campaignId, limit: 1_000 }))
    const told = items.filter(({ kind }) => kind === 'campaign.caps_set')
    expect(told).toMatchObject([
      {
        actor: ACTOR,
        data: { from: { inFlight: 1 }, to: { inFlight: 4 }, changed: 'inFlight 4', reason: 'the line is idle' },
      },
      { actor: ACTOR, data: { from: { inFlight: 4 }, to: { inFlight: 2 }, counters: { inFlight: 4 } } },
    ])
  })

  test('request 16: a cap of starts or of sites is put on and taken off while the campaign runs, and counts what went before', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await started(world, atSites(4, 1))
    await go(world, all[0]!)
    await go(world, all[1]!)
    dataOf(await setCaps(world, campaignId, { perSite: { inFlight: 2 } }))
    expect(reasonOf(await claim(world, all[2]!))).toBe('cap_site_in_flight')
    dataOf(await setCaps(world, campaignId, { perSite: null, startsPerMinute: 2 }))
    expect(reasonOf(await claim(world, all[2]!))).toBe('cap_starts_per_minute')
    const off = dataOf(await setCaps(world, campaignId, { startsPerMinute: null }))
    expect(Object.keys(off.policy.caps).toSorted()).toEqual(['inFlight', 'unproven'])
    expect(reasonOf(await claim(world, all[2]!))).toBe('go')
  })

  test('request 16: what a second person approved is raised by another one than who created it, and lowered by anybody', async () => {
    const world = await open()
    await world.scheduler({ approvalAbove: 1 })
    world.devices = someDevices(2)
    const { campaignId } = await planned(world)
    // Whoever approves it later sees what it is then.
    expect(await setCaps(world, campaignId, { inFlight: 2_000 })).toMatchObject({ ok: true })
    dataOf(await world.ask(campaignControl, { campaignId, action: 'approve', actor: 'operator:other' }))
    const refusal = await setCaps(world, campaignId, { inFlight: 1, unproven: 6_000 })
    expect(refusal).toMatchObject({ ok: false, error: { code: 'forbidden' } })
    expect((await campaign(world, campaignId)).policy.caps).toMatchObject({ inFlight: 2_000, unproven: 5_000 })
    expect(await setCaps(world, campaignId, { inFlight: 1 })).toMatchObject({ ok: true })
    expect(await setCaps(world, campaignId, { inFlight: 3 }, 'operator:other')).toMatchObject({ ok: true })
  })

  test('the caps of a campaign that is over do not change', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId } = await running(world, 1)
    await control(world, campaignId, 'abort')
    const over = await setCaps(world, campaignId, { inFlight: 2 })
    expect(over).toMatchObject({ ok: false, error: { code: 'campaign_state' } })
    const unknown = await setCaps(world, campaignId.replace(/.$/, campaignId.endsWith('0') ? '1' : '0'), {
      inFlight: 2,
    })
    expect(unknown).toMatchObject({ ok: false, error: { code: 'not_found' } })
  })

  test('rule 6; request 10: a line is given away a minute ahead and no more: images wait until it is free again', async () => {
    const world = await open()
    await world.scheduler()
    await world.scheduler()
    // 8 Mbit each at 200 kbit/s: 40 s of the line. The second one may begin within the minute, the third may not.
    const caps = { inFlight: 100, unproven: 100, egressBitsPerSecond: 200_000 }
    const { all } = await running(world, 6, { ...ONE_WAVE, caps })
    const answers = await Promise.all(all.map((upgrade) => claim(world, upgrade)))
    expect(goes(answers)).toBe(2)
    expect(answers.map(reasonOf).filter((reason) => reason === 'cap_egress')).toHaveLength(4)
    const waiting = all.filter((_, index) => answers[index]!.kind !== 'go')
    world.clock.shift(41_000)
    expect(goes(await Promise.all(waiting.map((upgrade) => claim(world, upgrade))))).toBe(1)
  })

  test('rule 6; request 10: a line is charged with the image that a device is offered, though a smaller one was planned', async () => {
    const world = await open()
    await world.scheduler({ gatherMs: 200 })
    const [stone, last] = [addArtifact(world, STONE, { size: 1_000_000 }), addArtifact(world, NEW, { size: 77 })]
    world.devices = someDevices(6).map((device) => ({ ...device, softwareVersion: STONE }))
    // 400 s of the line for the stone: of those who ask together, and of those who ask after them, one has room.
    const caps = { inFlight: 100, unproven: 100, egressBitsPerSecond: 20_000 }
    const campaignId = await createWay(world, overStone(world, stone, last), { ...ONE_WAVE, caps })
    await control(world, campaignId, 'start')
    const all = await upgrades(world, campaignId)
    expect(new Set(all.map(({ artifactId }) => artifactId))).toEqual(new Set([last.artifactId]))
    const together = await Promise.all(all.slice(0, 5).map((upgrade) => claim(world, upgrade, OLD)))
    expect(goes(together)).toBe(1)
    expect(reasonOf(await claim(world, all[5]!, OLD))).toBe('cap_egress')
  })
}
