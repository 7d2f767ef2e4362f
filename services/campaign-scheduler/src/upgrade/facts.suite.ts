import { campaignControl, historyList, upgradeTraceparent } from '@sluice/contracts'
import fc from 'fast-check'
import { waitUntil } from '@sluice/testbed'
import { createIds } from '@sluice/runtime'
import { expect, test } from 'vitest'
import { books, history, orphanReasons } from '../testing/books.ts'
import {
  ONE_WAVE,
  type Seen,
  campaign,
  claimReply,
  completed,
  dataOf,
  go,
  informed,
  observe,
  running,
  succeed,
  until,
  upgrades,
} from '../testing/drive.ts'
import { ACTOR, NEW, OLD, type World } from '../testing/world.ts'

export function factsSuite(open: () => Promise<World>): void {
  test('bad input 34; fault 48: an observation counts once, however often it is delivered', async () => {
    const world = await open()
    await world.scheduler()
    await world.scheduler()
    const { campaignId, all } = await running(world, 1)
    const { deviceKey, upgradeId } = all[0]!
    const attemptId = await go(world, all[0]!)
    const seen: Seen = {
      id: createIds().observation(),
      deviceKey,
      fact: { kind: 'download_answered', attemptId, status: 1 },
    }
    await observe(world, seen, seen)
    await until(world, campaignId, deviceKey, 'accepted')
    await Promise.all([observe(world, seen), observe(world, seen)])
    await observe(world, { deviceKey, fact: informed(OLD) })
    await waitUntil(async () => (await history(world, campaignId, 'upgrade.learnt')).length === 1)
    const { items } = dataOf(await world.ask(historyList, { upgradeId, limit: 100 }))
    expect(
      items.filter(({ data }) => (data as { fact?: { kind: string } }).fact?.kind === 'download_answered'),
    ).toHaveLength(1)
    const traceIds = new Set(items.filter(({ kind }) => kind.startsWith('upgrade.')).map(({ traceId }) => traceId))
    expect([...traceIds]).toEqual([upgradeTraceparent(upgradeId).slice(3, 35)])
  })

  test('facts in the opposite order come to the same outcome', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 1)
    const { deviceKey } = all[0]!
    const attemptId = await go(world, all[0]!)
    const at = world.clock.now()
    const later = at + 20 * 60_000
    world.clock.shift(later - at)
    const inOrder: Seen[] = [
      { deviceKey, at: at + 1, fact: { kind: 'download_answered', attemptId, status: 1 } },
      { deviceKey: null, at: at + 2, fact: { kind: 'first_byte_served', attemptId, bytes: 1 } },
      { deviceKey: null, at: at + 3, fact: { kind: 'last_byte_served', attemptId, bytes: 9 } },
      { deviceKey, at: at + 4, fact: completed(attemptId) },
      { deviceKey, at: at + 5, fact: informed(NEW, '1 BOOT') },
      { deviceKey, at: later, fact: informed(NEW, '2 PERIODIC') },
    ]
    for (const seen of inOrder.toReversed()) await observe(world, seen)
    await until(world, campaignId, deviceKey, 'verified')
  })

  test('a report of the target is success without any TransferComplete', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 1)
    const { deviceKey } = all[0]!
    await go(world, all[0]!)
    await observe(world, { deviceKey, fact: informed(NEW, '1 BOOT') })
    await until(world, campaignId, deviceKey, 'verifying')
    world.clock.shift(20 * 60_000)
    await observe(world, { deviceKey, fact: informed(NEW) })
    expect(await until(world, campaignId, deviceKey, 'verified')).toMatchObject({ reportedVersion: NEW })
  })

  test('a TransferComplete without its key is matched by the M Download event, then as the sole open attempt', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 2)
    const [one, other] = all
    const first = await go(world, one!)
    await observe(
      world,
      {
        deviceKey: one!.deviceKey,
        fact: { kind: 'informed', softwareVersion: OLD, events: [{ code: 'M Download', commandKey: first }] },
      },
      { deviceKey: one!.deviceKey, fact: completed('', 9018) },
    )
    await until(world, campaignId, one!.deviceKey, 'failed')
    await go(world, other!)
    await observe(world, { deviceKey: other!.deviceKey, fact: completed('somebody else', 9018) })
    await until(world, campaignId, other!.deviceKey, 'failed')
    const facts = (await history(world, campaignId, 'upgrade.moved')).map(
      ({ data }) => (data as { fact: { commandKey?: string } }).fact,
    )
    expect(facts.flatMap(({ commandKey }) => commandKey ?? [])).toEqual([first, 'somebody else'])
    await observe(world, { deviceKey: other!.deviceKey, fact: completed('') })
    await waitUntil(async () => (await orphanReasons(world)).includes('unknown_command_key'))
  })

  test('bad input 33: what belongs to nobody is kept as an orphan and holds up nothing', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 2)
    const [one, other] = all
    const attemptId = await go(world, one!)
    await observe(
      world,
      { deviceKey: other!.deviceKey, fact: completed('', 9018) },
      { deviceKey: other!.deviceKey, fact: completed(attemptId, 9018) },
      { deviceKey: other!.deviceKey, fact: { kind: 'download_answered', attemptId, status: 0 } },
      { deviceKey: null, fact: { kind: 'first_byte_served', attemptId: `fw${'0'.repeat(26)}`, bytes: 1 } },
      { deviceKey: one!.deviceKey, fact: { kind: 'download_answered', attemptId, status: 1 } },
    )
    await until(world, campaignId, one!.deviceKey, 'accepted')
    expect(await orphanReasons(world)).toEqual([
      'unknown_command_key',
      'unknown_command_key',
      'attempt_of_another_device',
      'unknown_attempt',
    ])
    expect((await upgrades(world, campaignId)).find(({ deviceKey }) => deviceKey === other!.deviceKey)?.state).toBe(
      'pending',
    )
  })

  test('a fact that the machine chokes on does not hold up the facts of others', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 2)
    const [sick, sound] = all
    await go(world, sick!)
    const well = await go(world, sound!)
    await world.sql.query(
      `update scheduler.upgrades set machine = machine #- '{targetVersions}' where upgrade_id = $1`,
      [sick!.upgradeId],
    )
    await observe(
      world,
      { deviceKey: sick!.deviceKey, fact: informed(NEW) },
      { deviceKey: sound!.deviceKey, fact: { kind: 'download_answered', attemptId: well, status: 1 } },
    )
    await until(world, campaignId, sound!.deviceKey, 'accepted')
    const ignored = await history(world, campaignId, 'upgrade.fact_ignored')
    expect(ignored.map(({ data }) => (data as { ignored: string }).ignored)).toEqual(['poison'])
  })

  test('control characters in what a device says hold up nothing', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 1)
    const { deviceKey } = all[0]!
    const attemptId = await go(world, all[0]!)
    const hostile = 'a\u0000b\ud800'
    await observe(
      world,
      {
        deviceKey,
        fact: { kind: 'informed', softwareVersion: hostile, events: [{ code: hostile, commandKey: hostile }] },
      },
      { deviceKey, fact: { kind: 'transfer_completed', commandKey: hostile, faultCode: 9010, faultString: hostile } },
      { deviceKey, fact: { kind: 'download_answered', attemptId, status: 1 } },
    )
    await until(world, campaignId, deviceKey, 'failed')
  })

  test('an open attempt is watched to its last deadline, however short the time for late facts', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 1, { ...ONE_WAVE, timers: { finalMs: 0 } })
    const { deviceKey } = all[0]!
    const at = world.clock.now()
    const attemptId = await go(world, all[0]!)
    const watches = () => world.placed.flatMap((item) => (item.op === 'put_watch' ? [item.watch] : []))
    await waitUntil(() => watches().length === 1)
    expect(Date.parse(watches()[0]!.until) - at).toBeGreaterThan(4 * 3_600_000)

    // The answer is seen so late that its own deadline lies beyond the time that was counted on.
    const late = at + 100 * 3_600_000
    await observe(world, { deviceKey, at: late, fact: { kind: 'download_answered', attemptId, status: 1 } })
    await until(world, campaignId, deviceKey, 'accepted')
    await waitUntil(() => watches().length === 2)
    expect(watches()[1]).toMatchObject({ attemptId, mode: 'open' })
    expect(Date.parse(watches()[1]!.until)).toBeGreaterThan(late + 3_600_000)
  })

  test('facts reach the latest attempt: an earlier campaign is not moved by a later one', async () => {
    const world = await open()
    await world.scheduler()
    const first = await running(world, 1)
    const { deviceKey } = first.all[0]!
    await succeed(world, first.campaignId, deviceKey, await go(world, first.all[0]!))
    Object.assign(world.artifact, { softwareVersions: ['3.0.0'], version: '3.0.0' })
    const second = await running(world, 1)
    await go(world, second.all[0]!)
    await observe(world, { deviceKey, fact: informed('3.0.0', '1 BOOT') })
    await until(world, second.campaignId, deviceKey, 'verifying')
    expect((await upgrades(world, first.campaignId))[0]?.state).toBe('verified')
    await observe(world, { deviceKey, fact: informed(OLD, '1 BOOT') })
    await until(world, second.campaignId, deviceKey, 'rolled_back')
    await observe(world, { deviceKey, fact: informed(OLD) })
    await waitUntil(async () => (await history(world, second.campaignId, 'upgrade.learnt')).length > 0)
    expect((await upgrades(world, first.campaignId))[0]?.state).toBe('verified')
  })

  test('rule 9: tallies equal the upgrades and the fold of the journal after any facts', async () => {
    const world = await open()
    await world.scheduler()
    await world.scheduler()
    const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
    const random = fc.sample(steps, { numRuns: 1, seed })[0]!
    const { campaignId, all } = await running(world, 6, { ...ONE_WAVE, retries: { backoffMs: 1_000 } })
    const attempts = new Map<string, string>()
    for (const step of random) {
      const upgrade = all[step.device]!
      const { deviceKey } = upgrade
      if (step.kind === 'claim') {
        const reply = await claimReply(world, upgrade)
        if (reply.ok && reply.data.kind === 'go') attempts.set(deviceKey, reply.data.attemptId)
      } else if (step.kind === 'wait') {
        world.clock.shift(step.ms)
      } else if (step.kind === 'pause') {
        const { state } = await campaign(world, campaignId)
        const action = state === 'running' ? 'pause' : 'resume'
        // Refused where it has ended or stopped by itself meanwhile.
        await world.ask(campaignControl, { campaignId, action, actor: ACTOR })
      } else {
        const attemptId = attempts.get(deviceKey) ?? `fw${'0'.repeat(26)}`
        await observe(world, { deviceKey, fact: step.fact(attemptId) })
      }
    }
    const settled = async () => {
      const { stored, counted, folded } = await books(world, campaignId)
      return stored === counted && folded === counted
    }
    await waitUntil(settled, { describe: () => `seed ${seed}: tallies, upgrades and journal differ` })
  })
}

const device = fc.nat(5)
const fact = fc.oneof(
  fc
    .constantFrom(OLD, NEW, '9.9.9')
    .chain((version) =>
      fc.constantFrom('2 PERIODIC', '1 BOOT', '0 BOOTSTRAP').map((code) => () => informed(version, code)),
    ),
  fc.constantFrom(0, 9000, 9010, 9018).map((faultCode) => (attemptId: string) => completed(attemptId, faultCode)),
  fc
    .constantFrom(0 as const, 1 as const)
    .map((status) => (attemptId: string) => ({ kind: 'download_answered' as const, attemptId, status })),
  fc.constantFrom(9002, 9004).map((faultCode) => (attemptId: string) => ({
    kind: 'download_faulted' as const,
    attemptId,
    faultCode,
    faultString: '',
  })),
  fc.constant((attemptId: string) => ({ kind: 'download_unanswered' as const, attemptId })),
  fc.constant((attemptId: string) => ({ kind: 'last_byte_served' as const, attemptId, bytes: 1 })),
)
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('claim' as const), device }) },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('fact' as const), device, fact }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('wait' as const),
        device,
        ms: fc.constantFrom(1_000, 900_000, 10_000_000),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('pause' as const), device }) },
  ),
  { minLength: 60, maxLength: 80 },
)
