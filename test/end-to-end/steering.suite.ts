import { generateKeyPairSync, sign } from 'node:crypto'
import type { Campaign, PolicyDraft } from '@sluice/contracts'
import { ClientError } from '@sluice/client'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bringInFirmware, trustVendor, vendorImage } from './bring-in-firmware.ts'
import { judgeHistory } from './judge-history.ts'
import { FAR_FREEZE, ZONE, openHours } from './open-hours.ts'
import { getCampaign, quickPolicy, startCampaign, waitForCampaign, waitForState } from './run-campaign.ts'
import { type RunningFleet, runFleet } from './run-fleet.ts'
import type { System } from './system.ts'

/** Slow enough to be met in the middle: few at a time. */
const oneByOne = { ...quickPolicy, caps: { inFlight: 3, unproven: 6 } } as const satisfies PolicyDraft

/** What schedulers may be told to allow over all campaigns: both are reached. */
export const CAPS_OF_ALL = { inFlight: 4, perSiteInFlight: 3 }

/** Campaigns that stop themselves, that people stop, and that never begin. */
export function steeringSuite(start: () => Promise<System>): void {
  let system: System
  const fleets: RunningFleet[] = []
  beforeAll(async () => {
    system = await start()
    await trustVendor(system)
  }, 180_000)
  afterAll(async () => {
    for (const fleet of fleets) await fleet.remove()
    await system?.remove()
  })
  const run = async (prefix: string, count: number) => {
    const fleet = await runFleet(system, { serialPrefix: prefix, count })
    fleets.push(fleet)
    return fleet
  }
  const control = (action: 'pause' | 'resume' | 'abort', { campaignId }: Campaign) =>
    system.client.call(`${action}Campaign`, { params: { campaignId }, body: { reason: `a test says ${action}` } })
  const offers = (fleet: RunningFleet) => fleet.lines().filter(({ what }) => what === 'download_received').length

  test('rule 5: a bad release is stopped at its canary wave, and the others are spared', async () => {
    const fleet = await run('BAD', 30)
    const artifact = await bringInFirmware(system, {
      version: '3.0.0',
      behaviour: { fallBackShare: 0.5, silentShare: 0.2, refuseShare: 0.3 },
    })
    const policy = {
      ...quickPolicy,
      waves: [
        { size: { count: 4 }, advance: 'auto' },
        { size: { percent: 100 }, advance: 'auto' },
      ],
      gate: { minSettled: 2, soakMs: 500, successThreshold: 0.9, failureThreshold: 0.1, onFailure: 'abort' },
    } as const satisfies PolicyDraft
    const { campaignId } = await startCampaign(system, artifact.artifactId, policy, fleet.names)
    const stopped = await waitForState(system, campaignId, ['aborted', 'paused', 'finished'])
    expect(stopped).toMatchObject({ state: 'aborted', waves: [{ wave: 1 }, { wave: 2, openedAt: null }] })
    expect(stopped.stateReason).toMatch(/^wave 1 stops the campaign, because too large a share was hurt/)
    const settled = await waitForCampaign(
      system,
      campaignId,
      ({ counters }) => counters.inFlight + counters.pending === 0,
    )
    expect(settled.outcomes['cancelled']).toBeGreaterThanOrEqual(26)
    expect(offers(fleet)).toBeLessThanOrEqual(4)
    await fleet.stop()
  }, 180_000)

  test('request 20, 21: a paused campaign offers nothing and counts on, a resumed one goes on to its end', async () => {
    const fleet = await run('PAU', 14)
    const artifact = await bringInFirmware(system, { version: '3.1.0' })
    // They all share a line, and nothing of this holds anybody up: it is what the judge has to look at.
    for (const device of fleet.names) {
      await system.client.call('updateDevice', { params: { device }, body: { site: 'street', zone: ZONE } })
    }
    const policy = {
      ...oneByOne,
      caps: { ...oneByOne.caps, startsPerMinute: 60, perSite: oneByOne.caps },
      windows: [openHours()],
      freeze: [FAR_FREEZE],
    } as const satisfies PolicyDraft
    const campaign = await startCampaign(system, artifact.artifactId, policy, fleet.names)
    await waitForCampaign(system, campaign.campaignId, ({ counters }) => counters.inFlight > 0)
    await control('pause', campaign)
    const quiet = await waitForCampaign(system, campaign.campaignId, ({ counters }) => {
      return counters.inFlight === 0 && counters.unproven === 0
    })
    expect(quiet).toMatchObject({ state: 'paused', stateReason: 'a test says pause' })
    expect(quiet.counters.pending).toBeGreaterThan(0)
    const before = offers(fleet)
    const later = await getCampaign(system, campaign.campaignId)
    expect([later.counters, offers(fleet)]).toEqual([quiet.counters, before])
    await control('resume', campaign)
    const done = await waitForState(system, campaign.campaignId, ['finished'])
    expect(done.outcomes).toEqual({ verified: 14 })
    await fleet.stop()
  }, 180_000)

  test('request 12: an aborted campaign offers nothing more, every upgrade has its outcome, and a campaign beside it goes on', async () => {
    const fleet = await run('ABO', 16)
    const artifact = await bringInFirmware(system, { version: '3.2.0' })
    // Of one of them half share a line, of the other all do: it is full, and there is room for one beside it.
    const [names, namesBeside] = [fleet.names.slice(0, 10), fleet.names.slice(10)]
    for (const device of [...names.slice(5), ...namesBeside]) {
      await system.client.call('updateDevice', { params: { device }, body: { site: 'lane' } })
    }
    // They begin after two seconds of ours: so long they are under way together.
    const policy = {
      ...quickPolicy,
      caps: { inFlight: 5, unproven: 10 },
      delivery: { method: 'download', delaySeconds: 100 },
    } as const satisfies PolicyDraft
    const campaign = await startCampaign(system, artifact.artifactId, policy, names)
    const beside = await startCampaign(system, artifact.artifactId, policy, namesBeside)
    const inFlight = async ({ campaignId }: Campaign) => (await getCampaign(system, campaignId)).counters.inFlight
    await waitUntil(async () => (await inFlight(campaign)) + (await inFlight(beside)) >= CAPS_OF_ALL.inFlight, {
      deadlineMs: 40_000,
      everyMs: 100,
      describe: () => 'the caps over all campaigns are not full',
    })
    // Whoever would have gone beyond the caps has asked by then.
    await waitForCampaign(system, campaign.campaignId, ({ counters }) => counters.unproven + counters.success > 0)
    expect(await control('abort', campaign)).toMatchObject({ state: 'aborted' })
    const end = await waitForCampaign(system, campaign.campaignId, ({ counters }) => {
      return counters.pending + counters.inFlight + counters.unproven === 0
    })
    expect(end.outcomes['cancelled']).toBeGreaterThan(0)
    expect(Object.values(end.outcomes).reduce((sum, n) => sum + n, 0)).toBe(names.length)
    await expect(control('resume', campaign)).rejects.toMatchObject({
      problem: { status: 409, code: 'campaign_state' },
    })
    const done = await waitForState(system, beside.campaignId, ['finished'])
    expect(done.outcomes).toEqual({ verified: namesBeside.length })
    await fleet.stop()
  }, 180_000)

  test.each([
    ['digest', () => ({ sha256: 'a'.repeat(64) }), 'declared SHA-256'],
    ['size', (size: number) => ({ size: size + 1 }), 'measured'],
  ])(
    'an image of another %s than was said is refused with the reason, and nothing of it is registered',
    async (_, of, why) => {
      const draft = of(vendorImage({ version: '3.4.0' }).image.length)
      const refusal = await bringInFirmware(system, { version: '3.4.0', draft }).catch((error: unknown) => error)
      expect(refusal).toMatchObject({ problem: { status: 400, detail: expect.stringContaining(why) } })
      const { items } = await system.client.call('listArtifacts', { query: { limit: 100 } })
      const left = items.filter(({ version }) => version === '3.4.0')
      expect(new Set(left.map(({ status }) => status))).toEqual(new Set(['awaiting_content']))
    },
    60_000,
  )

  test('request 23: an image that is not signed by whom we trust is rejected and never offered', async () => {
    const { privateKey: unknownKey } = generateKeyPairSync('ed25519')
    const { image, signature } = vendorImage({ version: '3.3.0' })
    const strange = sign(null, image, unknownKey).toString('base64')
    const broken = Buffer.from(signature, 'base64').map((byte, index) => (index === 5 ? byte ^ 1 : byte))
    const wrong = [
      { version: '3.3.0', draft: { signatures: [{ algorithm: 'ed25519', value: strange }] } },
      {
        version: '3.3.0',
        draft: { signatures: [{ algorithm: 'ed25519', value: Buffer.from(broken).toString('base64') }] },
      },
      { version: '3.3.0', draft: { signatures: [] } },
    ] as const
    for (const { version, draft } of wrong) {
      const artifact = await bringInFirmware(system, { version, draft: structuredClone(draft) as object })
      expect(artifact.status).toBe('rejected')
      expect(artifact.verdict?.reasons.length).toBeGreaterThan(0)
      const refusal = await startCampaign(system, artifact.artifactId).catch((error: unknown) => error)
      expect(refusal).toBeInstanceOf(ClientError)
      expect(refusal).toMatchObject({ problem: { status: 409, code: 'artifact_not_trusted' } })
    }
    const upgrades = (await system.client.call('listCampaigns', { query: { limit: 100 } })).items
    expect(upgrades.filter(({ version }) => version === '3.3.0')).toEqual([])
  }, 180_000)

  test('journals, API and the devices’ own records agree, and every guarantee was kept', async () => {
    expect(await judgeHistory(system, fleets)).toEqual([])
  }, 180_000)
}
