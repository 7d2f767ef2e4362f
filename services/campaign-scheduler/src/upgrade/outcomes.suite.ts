import { type ObservedFact, type Snapshot, settingsKept, upgradeClaim, upgradeGet } from '@sluice/contracts'
import { waitUntil } from '@sluice/testbed'
import { describe, expect, test } from 'vitest'
import { books } from '../testing/books.ts'
import { ONE_WAVE, campaign, completed, dataOf, informed, observe, running, until } from '../testing/drive.ts'
import { CLASS, NEW, OLD, OUI, type World } from '../testing/world.ts'

const MINUTE = 60_000
const path = 'Device.WiFi.SSID.1.SSID'
const snapshot: Snapshot = { settings: { [path]: 'home' }, sentinels: {}, wanUp: null }
const lost: Snapshot = { ...snapshot, settings: { [path]: 'factory' } }
const SEALED = 'c2VhbGVkIGJ5IGEgZ2F0ZXdheQ=='

/** What comes of an upgrade beyond the version it reports. */
export function outcomesSuite(open: () => Promise<World>): void {
  const start = async (policy = {}, claim: { hasChecks?: boolean; keptSettings?: Record<string, string> } = {}) => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 1, { ...ONE_WAVE, ...policy })
    const { deviceKey, upgradeId } = all[0]!
    // Who claims before its hint was sent gets none.
    await waitUntil(() => world.placed.some((one) => one.op === 'put_task' && one.task.kind === 'upgrade'))
    const model = { oui: OUI, productClass: CLASS, hardwareVersion: 'A1', softwareVersion: OLD }
    const input = { deviceKey, upgradeId, sessionId: 's', ...model, snapshot, ...claim }
    const answer = dataOf(await world.ask(upgradeClaim, input))
    if (answer.kind !== 'go') throw new Error(`no go but ${answer.kind}`)
    const { attemptId } = answer
    const see = (...facts: ObservedFact[]) => observe(world, ...facts.map((fact) => ({ deviceKey, fact })))
    const stands = (state: string) => until(world, campaignId, deviceKey, state)
    const upgrade = async () => dataOf(await world.ask(upgradeGet, { upgradeId }))
    return { world, campaignId, deviceKey, upgradeId, attemptId, see, stands, upgrade }
  }
  /** It runs the target, and its soak is over. */
  const soaked = async ({ world, see, stands }: Awaited<ReturnType<typeof start>>, ...first: ObservedFact[]) => {
    await see(informed(NEW, '1 BOOT'), ...first)
    await stands('verifying')
    world.clock.shift(20 * MINUTE)
    await see(informed(NEW, '3 SCHEDULED'))
  }

  test('a device that boots again and again within the soak is a reboot loop, at once', async () => {
    const { world, campaignId, see, stands, upgrade } = await start()
    for (let boot = 0; boot < 4; boot += 1) {
      await see(informed(NEW, '1 BOOT'))
      world.clock.shift(MINUTE)
    }
    await stands('failed')
    expect(await upgrade()).toMatchObject({ reason: 'reboot_loop', countsAs: 'hard' })
    expect((await campaign(world, campaignId)).counters).toMatchObject({ hard: 1 })
    expect(await books(world, campaignId)).toMatchObject({ stored: '1 failed hard 1' })
  })

  test('a boot that is told again by the retries of its session is one boot', async () => {
    const { world, see, stands } = await start()
    for (let retryCount = 0; retryCount < 6; retryCount += 1) {
      await see({ ...informed(NEW, '1 BOOT'), ...(retryCount === 0 ? {} : { retryCount }) } as ObservedFact)
      world.clock.shift(MINUTE)
    }
    world.clock.shift(20 * MINUTE)
    await see(informed(NEW), { kind: 'snapshot_read', ...snapshot })
    await stands('verified')
  })

  describe('a model with a check list', () => {
    test('is verified once the list was read after the soak', async () => {
      const here = await start({}, { hasChecks: true })
      const { attemptId, see, stands } = here
      await soaked(here, { kind: 'snapshot_read', ...snapshot })
      await see({ kind: 'checks_read', attemptId, checks: { wan: 'passed', voip: 'unknown' } })
      await stands('verified')
      expect((await here.upgrade()).annotations).toContain('checks_unknown')
    })

    test('fails by the names of what fails, hard', async () => {
      const here = await start({}, { hasChecks: true })
      const { attemptId, see, stands } = here
      await soaked(here, { kind: 'snapshot_read', ...snapshot })
      await see({ kind: 'checks_read', attemptId, checks: { wan: 'passed', voip: 'failed' } })
      await stands('failed')
      expect(await here.upgrade()).toMatchObject({ reason: 'check_failed', failedChecks: ['voip'], countsAs: 'hard' })
    })

    test('needs no reading where its campaign leaves the list alone', async () => {
      const here = await start({ checkAfterSoak: false }, { hasChecks: true })
      await soaked(here, { kind: 'snapshot_read', ...snapshot })
      await here.stands('verified')
    })
  })

  describe('settings that may be put back', () => {
    const kept = { keptSettings: { [path]: SEALED } }
    const rows = (world: World) => world.sql.query(`select * from scheduler.kept_settings`)

    test('are kept until they are back, for their own device, and then forgotten', async () => {
      const here = await start({ restoreSettings: true }, kept)
      const { world, deviceKey, attemptId, see, stands } = here
      const hints = world.placed.filter((one) => one.op === 'put_task' && one.task.kind === 'upgrade')
      expect(hints).toMatchObject([{ task: { keepsSettings: true } }])
      await see(informed(NEW, '1 BOOT'), { kind: 'snapshot_read', ...lost })
      await waitUntil(() => world.placed.some((one) => one.op === 'put_watch' && one.watch.restore === true))
      const ask = (key: string) => world.ask(settingsKept, { attemptId, deviceKey: key })
      expect(dataOf(await ask(deviceKey))).toEqual({ kind: 'kept', settings: { [path]: SEALED } })
      expect(dataOf(await ask(`dev_${'a'.repeat(26)}`))).toEqual({ kind: 'gone' })
      world.clock.shift(20 * MINUTE)
      await see(informed(NEW, '3 SCHEDULED'))
      await see(
        { kind: 'settings_restored', attemptId, names: [path], refused: [] },
        { kind: 'snapshot_read', ...snapshot },
      )
      await stands('verified')
      expect(await here.upgrade()).toMatchObject({
        reason: 'settings_restored',
        countsAs: 'success',
        annotations: expect.arrayContaining(['restored']),
      })
      expect(dataOf(await ask(deviceKey))).toEqual({ kind: 'gone' })
      expect(await rows(world)).toEqual([])
    })

    test('stand in no journal, not even sealed', async () => {
      const here = await start({ restoreSettings: true }, kept)
      await here.see(informed(NEW, '1 BOOT'), { kind: 'snapshot_read', ...lost })
      await waitUntil(() => here.world.placed.some((one) => one.op === 'put_watch' && one.watch.restore === true))
      expect(await rows(here.world)).toHaveLength(1)
      const journal = await here.world.sql.query(`select * from scheduler.journal`)
      expect(JSON.stringify(journal)).not.toContain(SEALED)
      const upgrades = await here.world.sql.query(`select * from scheduler.upgrades`)
      expect(JSON.stringify(upgrades)).not.toContain(SEALED)
    })

    test('outlast a failure that may be taken back, and not the time in which it may', async () => {
      const here = await start({ restoreSettings: true }, kept)
      const { world, attemptId, see, stands } = here
      await see({ kind: 'download_answered', attemptId, status: 1 }, completed(attemptId, 9018))
      await stands('failed')
      expect(await rows(world)).toHaveLength(1)
      world.clock.shift(8 * 24 * 60 * MINUTE)
      await waitUntil(async () => (await rows(world)).length === 0)
    })

    test('are not kept where the campaign would not put them back', async () => {
      const here = await start({}, kept)
      expect(await rows(here.world)).toEqual([])
      await soaked(here, { kind: 'snapshot_read', ...lost })
      await here.stands('verified_config_lost')
    })
  })

  test('bad input 34: a TransferComplete days later moves what it says to where it belongs, once', async () => {
    const { world, campaignId, attemptId, see, stands, upgrade } = await start()
    await see({ kind: 'download_answered', attemptId, status: 1 })
    await stands('accepted')
    world.clock.shift(4 * 24 * 60 * MINUTE)
    await stands('timed_out')
    await see(completed(attemptId, 9018), completed(attemptId, 9018))
    await stands('failed')
    expect(await upgrade()).toMatchObject({ reason: 'image_rejected', faultCode: 9018 })
    const { version } = (await world.sql.query<{ version: number }>(`select version from scheduler.upgrades`))[0]!
    await see(completed(attemptId, 9018))
    await see(informed(OLD))
    await waitUntil(
      async () =>
        (await world.sql.query(`select 1 from scheduler.upgrades where version > $1`, [version])).length === 1,
    )
    expect(await books(world, campaignId)).toMatchObject({ stored: '1 failed hard 1' })
  })

  test('bad input 34: a TransferComplete before the answer to Download counts like one after it', async () => {
    const { attemptId, see, stands } = await start()
    await see(completed(attemptId), { kind: 'download_answered', attemptId, status: 1 })
    await stands('returning')
  })

  test('bad input 36: a device that says it succeeded and boots into its old version has rolled back', async () => {
    const { world, attemptId, see, stands } = await start()
    await see({ kind: 'download_answered', attemptId, status: 1 }, completed(attemptId), informed(OLD, '1 BOOT'))
    await stands('returning')
    world.clock.shift(20 * MINUTE)
    await see(informed(OLD))
    await stands('rolled_back')
  })

  test('a device that was given up while it was verified is told of at each contact, and verified after all', async () => {
    const { world, see, stands } = await start()
    const watched = () => world.placed.findLast((item) => item.op === 'put_watch')?.watch.mode
    await see(informed(NEW, '1 BOOT'))
    await stands('verifying')
    world.clock.shift(24 * 60 * MINUTE)
    await stands('timed_out')
    await waitUntil(() => watched() === 'open')
    // Its version is the one that it reported last.
    await see(informed(NEW, '2 PERIODIC'), { kind: 'snapshot_read', ...snapshot })
    await stands('verified')
    await waitUntil(() => watched() === 'settled')
  })

  test('bad input 36: a version that nobody offered is a failure by name', async () => {
    const { see, stands, upgrade } = await start()
    await see(informed('6.6.6', '1 BOOT'))
    await stands('failed')
    expect(await upgrade()).toMatchObject({ reason: 'unexpected_version', reportedVersion: '6.6.6' })
  })

  test('bad input 37: a device that goes back and forth has one outcome at a time, and the books agree', async () => {
    const here = await start()
    const { world, campaignId, see, stands } = here
    await soaked(here, { kind: 'snapshot_read', ...snapshot })
    await stands('verified')
    for (let turn = 0; turn < 3; turn += 1) {
      world.clock.shift(MINUTE)
      await see(informed(OLD, '1 BOOT'))
      await stands('regressed')
      world.clock.shift(MINUTE)
      await soaked(here)
      await stands('verified')
    }
    const { stored, counted, folded } = await books(world, campaignId)
    expect([stored, counted, folded]).toEqual(Array.from({ length: 3 }, () => '1 verified success 1'))
  })

  test.each([9001, 9002, 9010, 9012, 9015, 9016, 9017, 9018, 9019, 9020, 9000, 9799, 9800, 9899, 65_535])(
    'bad input 35: fault %i in a TransferComplete ends the try',
    async (faultCode) => {
      const { attemptId, see, upgrade } = await start({ retries: { maxAttempts: 1 } })
      await see({ kind: 'download_answered', attemptId, status: 1 }, completed(attemptId, faultCode))
      await waitUntil(async () => ['failed', 'retry'].includes((await upgrade()).state))
      expect(await upgrade()).toMatchObject({ faultCode })
    },
  )

  test('bad input 35: fault 0 while the old version runs on is no success', async () => {
    const { world, attemptId, see, stands, upgrade } = await start()
    await see({ kind: 'download_answered', attemptId, status: 1 }, completed(attemptId), informed(OLD))
    await stands('returning')
    world.clock.shift(4 * 60 * MINUTE)
    await stands('timed_out')
    expect((await upgrade()).reason).toMatch(/^returning_/)
  })
}
