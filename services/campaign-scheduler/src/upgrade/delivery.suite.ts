import type { PolicyDraft } from '@sluice/contracts'
import { expect, test } from 'vitest'
import { ONE_WAVE, completed, observe, running } from '../testing/drive.ts'
import { claimAs, goAs, untilUpgrade } from '../testing/way.ts'
import { type World, someDevices } from '../testing/world.ts'

const HOUR = 3_600_000
const takes = { takesScheduleDownload: true }

const hhmm = (ms: number) => new Date(ms).toISOString().slice(11, 16)

/** A window of two hours that opens in so many hours. */
function windowIn(world: World, hours: number): PolicyDraft {
  const from = world.clock.now() + hours * HOUR
  return { ...ONE_WAVE, windows: [{ zone: 'UTC', from: hhmm(from), to: hhmm(from + 2 * HOUR) }] }
}

const scheduled = (policy: PolicyDraft, more: object = {}): PolicyDraft => ({
  ...policy,
  delivery: { method: 'schedule_download', ...more },
})

/** How a device is told. */
export function deliverySuite(open: () => Promise<World>): void {
  test('DelaySeconds, TargetFileName, SuccessURL and FailureURL are what the policy says', async () => {
    const world = await open()
    await world.scheduler()
    const delivery = {
      method: 'download' as const,
      delaySeconds: 7_200,
      targetFileName: 'main.bin',
      successUrl: 'http://portal/ok',
      failureUrl: 'http://portal/no',
    }
    const { all } = await running(world, 1, { ...ONE_WAVE, delivery })
    const answer = await goAs(world, all[0]!)
    expect(answer).toMatchObject({
      delaySeconds: 7_200,
      successUrl: 'http://portal/ok',
      failureUrl: 'http://portal/no',
    })
    expect(answer.download.targetFileName).toBe('main.bin')
    expect(answer.schedule).toBeUndefined()
  })

  test('credentials and the watch last beyond the delay, and the timer waits for it', async () => {
    const world = await open()
    await world.scheduler()
    const delivery = { method: 'download' as const, delaySeconds: 86_400 }
    const { campaignId, all } = await running(world, 1, { ...ONE_WAVE, delivery })
    const { attemptId, watch } = await goAs(world, all[0]!)
    const begins = world.clock.now() + 24 * HOUR
    expect(Date.parse(world.resolved[0]!.expiresAt)).toBeGreaterThan(begins + 5 * HOUR)
    expect(Date.parse(watch.until)).toBeGreaterThan(begins + HOUR)
    const { deviceKey, upgradeId } = all[0]!
    await observe(world, { deviceKey, fact: { kind: 'download_answered', attemptId, status: 1 } })
    await untilUpgrade(world, campaignId, upgradeId, 'accepted')
    world.clock.shift(25 * HOUR)
    await observe(world, { deviceKey: null, fact: { kind: 'first_byte_served', attemptId, bytes: 1 } })
    await untilUpgrade(world, campaignId, upgradeId, 'transferring')
  })

  test('a delay has to fit into the window as well', async () => {
    const world = await open()
    await world.scheduler()
    // An hour of it is left: enough for 45 min, and not for half an hour more.
    const window = windowIn(world, -1)
    const delivery = { method: 'download' as const, delaySeconds: 1_800 }
    const { all } = await running(world, 1, { ...window, delivery })
    expect(await claimAs(world, all[0]!)).toMatchObject({ kind: 'not_before', reason: 'window' })
    const plain = await running(world, 1, window)
    expect((await claimAs(world, plain.all[0]!)).kind).toBe('go')
  })

  test('rule 10: a device that takes ScheduleDownload is told its windows, also outside of them', async () => {
    const world = await open()
    await world.scheduler()
    const policy = scheduled(windowIn(world, 5), { mode: 'when_idle', userMessage: 'New firmware tonight' })
    const { all } = await running(world, 2, policy)
    expect(await claimAs(world, all[1]!)).toMatchObject({ kind: 'not_before', reason: 'window' })
    const answer = await goAs(world, all[0]!, takes)
    expect(answer).toMatchObject({ delaySeconds: 0 })
    expect(answer.schedule).toHaveLength(2)
    const [first, second] = answer.schedule!
    expect(first).toMatchObject({ mode: '3 When Idle', userMessage: 'New firmware tonight', maxRetries: -1 })
    expect(first!.startSeconds).toBeGreaterThan(4.9 * 3_600)
    expect(first!.startSeconds).toBeLessThanOrEqual(5 * 3_600)
    expect(first!.endSeconds - first!.startSeconds).toBeGreaterThan(2 * 3_600 - 60)
    expect(second!.startSeconds).toBeGreaterThan(28 * 3_600)
    const lastEnd = world.clock.now() + second!.endSeconds * 1_000
    expect(Date.parse(world.resolved[0]!.expiresAt)).toBeGreaterThan(lastEnd)
    expect(Date.parse(answer.watch.until)).toBeGreaterThan(lastEnd)
  })

  test('windows are those of the subscriber’s zone', async () => {
    const world = await open()
    await world.scheduler()
    const policy = scheduled(windowIn(world, 5))
    world.devices = someDevices(1)
    const { all } = await running(world, 1, policy)
    await world.sql.query(`update scheduler.upgrades set zone = 'Etc/GMT-3'`)
    const { schedule } = await goAs(world, all[0]!, takes)
    // Three hours ahead of Greenwich the same hour of the clock comes three hours earlier.
    expect(schedule![0]!.startSeconds).toBeLessThanOrEqual(2 * 3_600)
  })

  test('9020: asked again when its windows are over, with other ones, and not charged', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 1, scheduled(windowIn(world, 1)))
    const { deviceKey, upgradeId } = all[0]!
    const { attemptId, schedule } = await goAs(world, all[0]!, takes)
    world.clock.shift(schedule!.at(-1)!.endSeconds * 1_000 + 1_000)
    await observe(world, { deviceKey, fact: completed(attemptId, 9020) })
    await untilUpgrade(world, campaignId, upgradeId, 'retry')
    const again = await goAs(world, all[0]!, takes)
    expect(again.attemptId).not.toBe(attemptId)
    expect(again.schedule).toHaveLength(2)
  })

  test('request 5: 9020 of a plain Download: asked again when the next window opens in the subscriber’s zone', async () => {
    const world = await open()
    await world.scheduler()
    // Three hours ahead of Greenwich it is open now, and again in a day.
    const { campaignId, all } = await running(world, 1, windowIn(world, 3))
    const { deviceKey, upgradeId } = all[0]!
    await world.sql.query(`update scheduler.upgrades set zone = 'Etc/GMT-3'`)
    const { attemptId } = await goAs(world, all[0]!)
    await observe(world, { deviceKey, fact: completed(attemptId, 9020) })
    await untilUpgrade(world, campaignId, upgradeId, 'retry')
    const answer = await claimAs(world, all[0]!)
    expect(answer).toMatchObject({ kind: 'not_before', reason: 'backoff' })
    const inHours = (Date.parse((answer as { at: string }).at) - world.clock.now()) / HOUR
    expect(inHours).toBeGreaterThan(22)
    expect(inHours).toBeLessThan(25)
  })

  test('rule 12; request 14: where the subscriber is asked 9020 is a no, and who cannot ask is left alone', async () => {
    const world = await open()
    await world.scheduler()
    const policy = scheduled(windowIn(world, 0), { mode: 'confirmation_needed' })
    const { campaignId, all } = await running(world, 3, policy)
    const { attemptId, schedule } = await goAs(world, all[0]!, takes)
    expect(schedule![0]!.mode).toBe('4 Confirmation Needed')
    await observe(world, { deviceKey: all[0]!.deviceKey, fact: completed(attemptId, 9020) })
    expect(await untilUpgrade(world, campaignId, all[0]!.upgradeId, 'declined')).toMatchObject({ countsAs: 'benign' })
    const unable = await claimAs(world, all[1]!, { takesScheduleDownload: false })
    expect(unable).toEqual({ kind: 'gone', reason: 'cannot_ask_subscriber' })
    expect(await claimAs(world, all[2]!)).toMatchObject({ kind: 'not_before', reason: 'methods_unknown' })
  })

  test('a model that refuses ScheduleDownload is told by Download within the window, and its other devices at once', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId, all } = await running(world, 4, scheduled(windowIn(world, 0)))
    for (const upgrade of all.slice(0, 3)) {
      const { attemptId, schedule } = await goAs(world, upgrade, takes)
      expect(schedule).toBeDefined()
      const fact = { kind: 'download_faulted', attemptId, faultCode: 9000, faultString: 'no such method' } as const
      await observe(world, { deviceKey: upgrade.deviceKey, fact })
      await untilUpgrade(world, campaignId, upgrade.upgradeId, 'retry')
    }
    const again = await goAs(world, all[0]!, takes)
    expect(again.schedule).toBeUndefined()
    expect((await goAs(world, all[3]!, takes)).schedule).toBeUndefined()
  })
}
