import type { Device, PolicyDraft } from '@sluice/contracts'
import type { Sql } from '@sluice/sql'
import { waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { books, history } from '../testing/books.ts'
import {
  ONE_WAVE,
  campaign,
  claim,
  claimReply,
  control,
  create,
  go,
  observe,
  planned,
  running,
  until,
  upgrades,
} from '../testing/drive.ts'
import { addArtifact, claimAs, createWay } from '../testing/way.ts'
import { NEW, OLD, type World, someDevices } from '../testing/world.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** Moves the time on to a noon in UTC, far from any midnight, and answers when that day began. */
function untilNoon({ clock }: World): number {
  const midnight = (Math.floor(clock.now() / DAY) + 1) * DAY
  clock.shift(midnight + 12 * HOUR - clock.now())
  return midnight
}

/** The upgrade of a started campaign for this device alone. */
async function offering(world: World, device: Device, policy: PolicyDraft) {
  world.devices = [device]
  const { campaignId } = await planned(world, { ...ONE_WAVE, ...policy })
  await control(world, campaignId, 'start')
  return (await upgrades(world, campaignId))[0]!
}

/** Three of its devices cannot download. */
async function blockModel(world: World, { campaignId, all }: Awaited<ReturnType<typeof running>>): Promise<void> {
  for (const upgrade of all.slice(0, 3)) {
    const attemptId = await go(world, upgrade)
    const fact = { kind: 'download_faulted', attemptId, faultCode: 9000, faultString: 'no' } as const
    await observe(world, { deviceKey: upgrade.deviceKey, fact })
    await until(world, campaignId, upgrade.deviceKey, 'failed')
  }
}

const closedUntil = (at: number) => ({ kind: 'not_before', at: new Date(at).toISOString(), reason: 'window' })

export function claimsSuite(open: () => Promise<World>): void {
  test('rule 6; fault 59: claims at two schedulers at once never pass the caps', async () => {
    const world = await open()
    await world.scheduler()
    await world.scheduler()
    const { campaignId, all } = await running(world, 60, { ...ONE_WAVE, caps: { inFlight: 7, unproven: 5_000 } })
    const answers = await Promise.all(all.map((upgrade) => claim(world, upgrade)))
    expect(answers.filter(({ kind }) => kind === 'go')).toHaveLength(7)
    expect(answers.filter((answer) => answer.kind === 'not_before' && answer.reason === 'cap_in_flight')).toHaveLength(
      53,
    )
    expect((await campaign(world, campaignId)).counters.inFlight).toBe(7)
  })

  test('rule 6; request 10: claims of six campaigns at three schedulers never pass the global cap', async () => {
    const world = await open()
    // One claim a batch: else the campaigns' own locks would put the batches in a row.
    const settings = { globalCaps: { inFlight: 5, unproven: 100 }, maxClaimBatch: 1 }
    for (let replica = 0; replica < 3; replica += 1) await world.scheduler(settings)
    const fleet = someDevices(30)
    const rounds: Promise<{ kind: string }>[] = []
    const campaigns: Awaited<ReturnType<typeof upgrades>>[] = []
    for (let index = 0; index < 6; index += 1) {
      world.devices = fleet.slice(index * 5, index * 5 + 5)
      const { campaignId } = await create(world)
      await control(world, campaignId, 'start')
      campaigns.push(await upgrades(world, campaignId))
    }
    for (let turn = 0; turn < 5; turn += 1) rounds.push(...campaigns.map((all) => claim(world, all[turn]!)))
    expect((await Promise.all(rounds)).filter(({ kind }) => kind === 'go')).toHaveLength(5)
  })

  test('rule 6: starts in one minute never pass their cap', async () => {
    const world = await open()
    await world.scheduler()
    const caps = { inFlight: 100, unproven: 100, startsPerMinute: 3 }
    const { all } = await running(world, 10, { ...ONE_WAVE, caps })
    const answers = await Promise.all(all.slice(0, 5).map((upgrade) => claim(world, upgrade)))
    expect(answers.filter(({ kind }) => kind === 'go')).toHaveLength(3)
    world.clock.shift(61_000)
    expect((await claim(world, all[9]!)).kind).toBe('go')
  })

  test('a second claim is told of the open attempt, and only the first one is a go', async () => {
    const world = await open()
    await world.scheduler()
    const { all } = await running(world, 1)
    const answers = await Promise.all([1, 2, 3].map(() => claim(world, all[0]!)))
    const kinds = answers.map(({ kind }) => kind).toSorted()
    expect(kinds).toEqual(['go', 'open', 'open'])
    expect(await claim(world, all[0]!)).toMatchObject({
      kind: 'open',
      check: true,
      watch: { upgradeId: all[0]!.upgradeId },
    })
  })

  test('rule 14: a device that one campaign holds is not offered another one', async () => {
    const world = await open()
    await world.scheduler()
    await world.scheduler()
    const one = await running(world, 20)
    const other = await running(world, 20)
    const answers = await Promise.all([...one.all, ...other.all].map((upgrade) => claim(world, upgrade)))
    expect(answers.filter(({ kind }) => kind === 'go')).toHaveLength(20)
    expect(answers.filter((answer) => answer.kind === 'not_before' && answer.reason === 'held_elsewhere')).toHaveLength(
      20,
    )
  })

  test('rule 14: a heavier campaign supersedes what is not offered yet', async () => {
    const world = await open()
    await world.scheduler()
    const light = await running(world, 1, { ...ONE_WAVE, weight: 1 })
    const heavy = await running(world, 1, { ...ONE_WAVE, weight: 900 })
    expect(await claim(world, light.all[0]!)).toEqual({ kind: 'gone', reason: heavy.campaignId })
    expect((await upgrades(world, light.campaignId))[0]).toMatchObject({ state: 'superseded', countsAs: 'benign' })
    expect((await claim(world, heavy.all[0]!)).kind).toBe('go')
  })

  test('rule 14: a heavier campaign that has no leg for the version a device reports takes it from no lighter one', async () => {
    const world = await open()
    await world.scheduler()
    world.devices = someDevices(2)
    const heavy = await createWay(world, [{ artifactId: world.artifact.artifactId, from: { from: OLD } }], {
      ...ONE_WAVE,
      weight: 900,
    })
    await control(world, heavy, 'start')
    world.devices = someDevices(2).map((device) => ({ ...device, softwareVersion: '0.9.0' }))
    const light = await createWay(world, [{ artifactId: addArtifact(world, '1.1.0').artifactId }])
    await control(world, light, 'start')
    const [fallen, fits] = await upgrades(world, light)
    expect((await claim(world, fallen!, '0.9.0')).kind).toBe('go')
    expect(await claim(world, fits!, OLD)).toEqual({ kind: 'gone', reason: heavy })
  })

  test('rule 14: a heavier campaign in which the model is blocked takes no device from a lighter one', async () => {
    const world = await open()
    await world.scheduler()
    const light = await running(world, 4, { ...ONE_WAVE, weight: 1 })
    const heavy = await running(world, 4, { ...ONE_WAVE, weight: 900 })
    await blockModel(world, heavy)
    expect((await claim(world, light.all[3]!)).kind).toBe('go')
  })

  test('rule 14: a heavier campaign that cannot ask the subscriber takes no device from a lighter one, once that is known', async () => {
    const world = await open()
    await world.scheduler()
    const light = await running(world, 2, { ...ONE_WAVE, weight: 1 })
    const delivery = { method: 'schedule_download', mode: 'confirmation_needed' } as const
    const heavy = await running(world, 2, { ...ONE_WAVE, weight: 900, delivery })
    expect((await claimAs(world, light.all[0]!, { takesScheduleDownload: false })).kind).toBe('go')
    expect(await claimAs(world, light.all[1]!)).toEqual({ kind: 'gone', reason: heavy.campaignId })
  })

  test('request 14: a device that runs the target already is skipped', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 2)
    expect(await claim(world, all[0]!, NEW)).toEqual({ kind: 'gone', reason: 'already_on_target' })
    expect(await until(world, campaignId, all[0]!.deviceKey, 'skipped')).toMatchObject({ reason: 'already_on_target' })
  })

  test('request 20: after a pause has been committed no claim is a go, and what was offered is still counted', async () => {
    const world = await open()
    await world.scheduler()
    await world.scheduler()
    const { campaignId, all } = await running(world, 40)
    const attemptId = await go(world, all[0]!)
    const before = all.slice(1, 20).map((upgrade) => claim(world, upgrade))
    await control(world, campaignId, 'pause')
    const after = await Promise.all(all.slice(20).map((upgrade) => claim(world, upgrade)))
    expect(after.map((answer) => answer.kind === 'not_before' && answer.reason)).toEqual(after.map(() => 'paused'))
    await Promise.all(before)

    const { deviceKey } = all[0]!
    await observe(world, { deviceKey, fact: { kind: 'download_faulted', attemptId, faultCode: 9000, faultString: '' } })
    await until(world, campaignId, deviceKey, 'failed')
    expect((await campaign(world, campaignId)).counters.hard).toBe(1)
  })

  test('rule 17: an attempt for a revoked artifact is settled and its device is told nothing to fetch', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 1)
    world.resolve = () => 'revoked'
    expect(await claim(world, all[0]!)).toEqual({ kind: 'gone', reason: 'revoked' })
    expect(await until(world, campaignId, all[0]!.deviceKey, 'cancelled')).toMatchObject({ reason: 'artifact_revoked' })
    expect((await campaign(world, campaignId)).counters).toMatchObject({ inFlight: 0, benign: 1 })
    const again = await running(world, 1)
    world.resolve = () => 'resolved'
    expect((await claim(world, again.all[0]!)).kind).toBe('go')
  })

  test('while the resolver is away nothing is offered, and nobody is charged', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 1)
    world.resolve = null
    expect(await claimReply(world, all[0]!)).toMatchObject({ ok: false, error: { code: 'unavailable' } })
    await until(world, campaignId, all[0]!.deviceKey, 'retry')
    const [moved] = (await history(world, campaignId, 'upgrade.moved')).slice(-1)
    expect(moved?.data).toMatchObject({ to: 'retry' })
    world.resolve = () => 'resolved'
    world.clock.shift(86_400_000)
    expect((await claim(world, all[0]!)).kind).toBe('go')
    expect((await upgrades(world, campaignId))[0]).toMatchObject({ attempts: 2 })
  })

  test('a go that was committed is answered, although another one in its batch could not be taken back', async () => {
    const world = await open()
    let isAway = false
    await world.scheduler({ gatherMs: 200 }, undefined, (real) => ({
      ...real,
      transaction: (work) => (isAway ? Promise.reject(new Error('away')) : real.transaction(work)),
    }))
    const { all } = await running(world, 2)
    let refused: string | undefined
    // Whatever happens to the database after the claims were committed: the resolver is asked right then.
    world.resolve = (attemptId) => {
      isAway = true
      return (refused ??= attemptId) === attemptId ? 'revoked' : 'resolved'
    }
    const answers = await Promise.all(all.map((upgrade) => claimReply(world, upgrade)))
    isAway = false
    expect(answers.map((reply) => (reply.ok ? reply.data.kind : reply.error.code)).toSorted()).toEqual(['go', 'gone'])
  })

  test('a model of which three devices cannot download is offered nothing more; one speaks for itself', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 4)
    await blockModel(world, { campaignId, all })
    expect(await claim(world, all[3]!)).toEqual({ kind: 'gone', reason: 'model_blocked' })
  })

  test('strangers get nothing: unknown upgrades, and upgrades of other devices', async () => {
    const world = await open()
    await world.scheduler()
    const { all } = await running(world, 2)
    const mixed = { upgradeId: all[0]!.upgradeId, deviceKey: all[1]!.deviceKey }
    expect(await claim(world, mixed)).toEqual({ kind: 'gone', reason: 'unknown_upgrade' })
    const unknown = { upgradeId: `upg_${'0'.repeat(26)}`, deviceKey: all[1]!.deviceKey }
    expect(await claim(world, unknown)).toEqual({ kind: 'gone', reason: 'unknown_upgrade' })
  })

  test('rule 7; request 16: a silent device frees its place when its time is over', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 2, { ...ONE_WAVE, caps: { inFlight: 1, unproven: 1 } })
    await go(world, all[0]!)
    expect(await claim(world, all[1]!)).toMatchObject({ kind: 'not_before', reason: 'cap_in_flight' })
    world.clock.shift(3_600_000 * 6)
    const timedOut = await until(world, campaignId, all[0]!.deviceKey, 'timed_out')
    expect(timedOut).toMatchObject({ countsAs: 'silent', reason: 'in_doubt_silent' })
    expect((await claim(world, all[1]!)).kind).toBe('go')
    const { stored, counted, folded } = await books(world, campaignId)
    expect(stored).toBe(counted)
    expect(folded).toBe(counted)
  })

  test('rule 10; request 3: a window of one weekday lets devices in on that day, and on all others tells them of it', async () => {
    const world = await open()
    const midnight = untilNoon(world)
    await world.scheduler()
    const answers: unknown[] = []
    const waiting: Awaited<ReturnType<typeof offering>>[] = []
    for (const [ahead, device] of someDevices(7).entries()) {
      // 1 is Monday and 7 is Sunday.
      const weekday = new Date(midnight + ahead * DAY).getUTCDay() || 7
      const windows = [{ zone: 'UTC', days: [weekday], from: '08:00', to: '20:00' }]
      const upgrade = await offering(world, device, { windows })
      answers.push(await claim(world, upgrade))
      waiting.push(upgrade)
    }
    const opens = [1, 2, 3, 4, 5, 6].map((ahead) => closedUntil(midnight + ahead * DAY + 8 * HOUR))
    expect(answers).toEqual([expect.objectContaining({ kind: 'go' }), ...opens])
    world.clock.shift(DAY)
    expect((await claim(world, waiting[1]!)).kind).toBe('go')
  })

  test('rule 10: nobody is let in during a freeze, and who asks is told when it is over', async () => {
    const world = await open()
    await world.scheduler()
    const [from, to] = [world.clock.now() - HOUR, world.clock.now() + 3 * DAY]
    const freeze = [{ from: new Date(from).toISOString(), to: new Date(to).toISOString() }]
    const { all } = await running(world, 1, { ...ONE_WAVE, freeze })
    expect(await claim(world, all[0]!)).toEqual(closedUntil(to))
    world.clock.shift(3 * DAY)
    expect((await claim(world, all[0]!)).kind).toBe('go')
  })

  test('rule 10: a claim that waited for its locks is judged by the time it got them: a freeze that began meanwhile holds', async () => {
    const world = await open()
    const [from, to] = [world.clock.now() + DAY, world.clock.now() + 3 * DAY]
    let waits = false
    const slow = (real: Sql): Sql => ({
      ...real,
      transaction: (work) =>
        real.transaction((tx) =>
          work({
            query: async (text, values) => {
              const rows = await tx.query<never>(text, values)
              // The last one of those that a claim is judged under.
              if (waits && /scheduler\.global_cap for update/.test(text)) {
                waits = false
                world.clock.shift(2 * DAY)
              }
              return rows
            },
          }),
        ),
    })
    await world.scheduler({ globalCaps: { inFlight: 9, unproven: 9 } }, (bus) => bus, slow)
    const freeze = [{ from: new Date(from).toISOString(), to: new Date(to).toISOString() }]
    const { all } = await running(world, 2, { ...ONE_WAVE, freeze })
    expect((await claim(world, all[0]!)).kind).toBe('go')
    waits = true
    expect(await claim(world, all[1]!)).toEqual(closedUntil(to))
  })

  test('rule 10: strict windows let nobody in whose upgrade could end beyond them', async () => {
    const world = await open()
    const midnight = untilNoon(world)
    await world.scheduler()
    const [one, other] = someDevices(2)
    // The transfer and the flash need 45 min of the 75 that are left; with the hour that a device may let pass, 105.
    const windows = [{ zone: 'UTC', from: '08:00', to: '13:15' }]
    const strict = await offering(world, one!, { windows, strictWindows: true })
    const plain = await offering(world, other!, { windows })
    expect(await claim(world, strict)).toEqual(closedUntil(midnight + DAY + 8 * HOUR))
    expect((await claim(world, plain)).kind).toBe('go')
    world.clock.shift(20 * HOUR)
    expect((await claim(world, strict)).kind).toBe('go')
  })

  test('the watch of a go is placed as well, so that a lost answer is watched', async () => {
    const world = await open()
    await world.scheduler()
    const { all } = await running(world, 1)
    const attemptId = await go(world, all[0]!)
    await waitUntil(() => world.placed.some((item) => item.op === 'put_watch' && item.watch.attemptId === attemptId))
  })
}
