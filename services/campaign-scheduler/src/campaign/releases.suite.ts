import {
  type CampaignDraft,
  type Release,
  type ReleaseStatement,
  campaignControl,
  campaignCreate,
  campaignDryRun,
  campaignRollBack,
  transferStopsGet,
} from '@sluice/contracts'
import { waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { history } from '../testing/books.ts'
import {
  ONE_WAVE,
  campaign,
  claim,
  control,
  create,
  dataOf,
  go,
  planned,
  running,
  succeed,
  tryTo,
  until,
  untilCampaign,
  upgrades,
} from '../testing/drive.ts'
import { release, releaseId, revokeRelease, someStatement, tellRelease } from '../testing/release.ts'
import { addArtifact, overStone } from '../testing/way.ts'
import { ACTOR, CLASS, NEW, OLD, OUI, type World, someDevices } from '../testing/world.ts'

const DAY = 86_400_000
const BOB = 'operator:bob'

async function strict(open: () => Promise<World>): Promise<World> {
  const world = await open()
  await world.scheduler({ requireRelease: true, gateEveryMs: 50 })
  return world
}

async function refusal(world: World, more: Partial<CampaignDraft> = {}): Promise<string> {
  const what = more.path === undefined ? { artifactId: world.artifact.artifactId } : {}
  const draft: CampaignDraft = { name: 'test', targets: {}, ...what, ...more }
  const [made, tried] = [
    await world.ask(campaignCreate, { draft, actor: ACTOR }),
    await world.ask(campaignDryRun, { draft, actor: ACTOR }),
  ]
  if (made.ok || tried.ok) throw new Error('it was not refused')
  expect(tried.error).toEqual(made.error)
  return made.error.code
}

/** How a device that runs a version is left out of a campaign, and of its dry run; `null`: it is in. */
async function leftOut(world: World, softwareVersion: string | null, more: object = {}): Promise<string | null> {
  world.devices = someDevices(1).map((device) => ({ ...device, softwareVersion, ...more }))
  const draft: CampaignDraft = { name: 'test', artifactId: world.artifact.artifactId, targets: {} }
  const tried = dataOf(await world.ask(campaignDryRun, { draft, actor: ACTOR }))
  const { leftOut: reasons } = await planned(world)
  expect(Object.keys(reasons)).toEqual(tried.leftOut.map(({ reason }) => reason))
  return Object.keys(reasons)[0] ?? null
}

/** As the verifier keeps one for the world's artifact. */
function kept(world: World, more: Partial<Release> = {}): Release {
  return {
    releaseId: releaseId(0xaaaa),
    statement: someStatement(world),
    status: 'in_force',
    keyIds: [],
    envelope: { payloadType: 'x', payload: '', signatures: [] },
    addedAt: new Date(world.clock.now()).toISOString(),
    addedBy: ACTOR,
    revokedAt: null,
    revokedBy: null,
    revokedReason: null,
    ...more,
  }
}

/** One that it revoked, of which the scheduler has heard nothing yet. */
const fallen = (world: World): Release =>
  kept(world, { releaseId: releaseId(0xbbbb), status: 'revoked', revokedReason: 'key stolen' })

export function releasesSuite(open: () => Promise<World>): void {
  test('a campaign that no release covers is refused, and so is its dry run', async () => {
    const world = await strict(open)
    expect(await refusal(world)).toBe('release_missing')
    await release(world, { image: { size: world.artifact.size! + 1, sha256: world.artifact.sha256! } })
    await release(world, { image: { size: world.artifact.size!, sha256: 'b'.repeat(64) } })
    expect(await refusal(world)).toBe('release_missing')
  })

  test.each<[why: string, code: string, more: (world: World) => Partial<ReleaseStatement>]>([
    ['is over', 'release_expired', (world) => ({ expires: new Date(world.clock.now()).toISOString() })],
    ['is for other models', 'release_does_not_cover', () => ({ models: [{ oui: OUI, productClass: 'Other' }] })],
    ['says that the image reports another version', 'release_does_not_cover', () => ({ softwareVersions: ['2.0.1'] })],
  ])('a release that %s covers nothing', async (_, code, more) => {
    const world = await strict(open)
    await release(world, more(world))
    expect(await refusal(world)).toBe(code)
    await release(world)
    expect(await create(world)).toMatchObject({ name: 'test' })
  })

  test('a revoked release covers nothing, even where its revocation was heard first', async () => {
    const world = await strict(open)
    const early = releaseId(0xffff)
    await revokeRelease(world, early)
    await tellRelease(world, early, someStatement(world))
    await revokeRelease(world, await release(world, { counter: 6 }))
    expect(await refusal(world)).toBe('release_revoked')
  })

  test('a release that was added a moment ago is asked for, and one that fell in that moment is not taken', async () => {
    const world = await strict(open)
    world.releases = [fallen(world)]
    expect(await refusal(world)).toBe('release_revoked')
    const standing = kept(world)
    world.releases = [fallen(world), standing]
    expect((await create(world)).path[0]!.releaseId).toBe(standing.releaseId)
    world.releases = []
    expect((await create(world)).path[0]!.releaseId).toBe(standing.releaseId)
  })

  test('models that the targets name have to be released, each of them', async () => {
    const world = await strict(open)
    world.artifact.fits = [...world.artifact.fits, { oui: OUI, productClass: 'Bridge' }]
    await release(world)
    const models = [{ oui: OUI, productClass: 'Bridge' }]
    expect(await refusal(world, { targets: { models } })).toBe('release_does_not_cover')
  })

  test('every leg of a way has to be covered', async () => {
    const world = await strict(open)
    const stone = addArtifact(world, '1.5.0', { sha256: 'c'.repeat(64) })
    await release(world)
    const path = overStone(world, stone)
    expect(await refusal(world, { path })).toBe('release_missing')
    const image = { size: stone.size!, sha256: stone.sha256! }
    const first = await release(world, { version: '1.5.0', softwareVersions: ['1.5.0'], counter: 4, image })
    const made = dataOf(await world.ask(campaignCreate, { draft: { name: 'test', targets: {}, path }, actor: ACTOR }))
    expect(made.path[0]!.releaseId).toBe(first)
  })

  test('what is offered rests on the release that covers most of the models', async () => {
    const world = await strict(open)
    world.artifact.fits = [...world.artifact.fits, { oui: OUI, productClass: 'Bridge' }]
    await release(world)
    const models = world.artifact.fits.map(({ oui, productClass }) => ({ oui, productClass }))
    const best = await release(world, { models, expires: new Date(world.clock.now() + DAY).toISOString() })
    const { campaignId, all } = await running(world, 1)
    expect((await campaign(world, campaignId)).path[0]!.releaseId).toBe(best)
    await go(world, all[0]!)
    expect(world.resolved.map((item) => item.releaseId)).toEqual([best])
  })

  test('whom the release does not name, and who is below its minimum version, is left out', async () => {
    const world = await strict(open)
    await release(world, {
      models: [{ oui: OUI, productClass: CLASS, hardwareVersions: ['A1'] }],
      minimumVersion: '1.0.0',
    })
    expect(await leftOut(world, OLD)).toBe(null)
    expect(await leftOut(world, OLD, { hardwareVersion: 'B1' })).toBe('not_released_for_model')
    expect(await leftOut(world, OLD, { hardwareVersion: null })).toBe('not_released_for_model')
    expect(await leftOut(world, '0.9.9')).toBe('below_minimum_version')
    expect(await leftOut(world, null)).toBe('version_unknown')
  })

  test('who turns out to be below the minimum version at its claim gets nothing', async () => {
    const world = await strict(open)
    await release(world, { minimumVersion: '1.0.0' })
    const { all } = await running(world, 1)
    expect(await claim(world, all[0]!, '0.9.0')).toEqual({ kind: 'gone', reason: 'below_minimum_version' })
  })

  test('request 23: the counter decides what is a step back, in the plan and at the claim', async () => {
    const world = await strict(open)
    await release(world)
    const image = (digit: string) => ({ size: 1, sha256: digit.repeat(64) })
    await release(world, { counter: 4, softwareVersions: ['zeta'], image: image('4') })
    await release(world, { counter: 7, softwareVersions: ['1.1.0'], image: image('7') })
    expect(await leftOut(world, 'zeta')).toBe(null)
    expect(await leftOut(world, '1.1.0')).toBe('downgrade')
    expect(await leftOut(world, '9.0.0')).toBe('downgrade')
    const { all } = await running(world, 2)
    expect(await claim(world, all[0]!, '1.1.0')).toEqual({ kind: 'gone', reason: 'downgrade' })
    expect(await claim(world, all[1]!, 'zeta')).toMatchObject({ kind: 'go' })
  })

  test('what is released for other models, or was revoked, does not say what a device runs', async () => {
    const world = await strict(open)
    await release(world)
    const image = { size: 1, sha256: 'b'.repeat(64) }
    for (const model of [
      { oui: 'BBBBBB', productClass: CLASS },
      { oui: OUI, productClass: 'Bridge' },
    ]) {
      const theirs = { models: [model], image }
      await release(world, { ...theirs, counter: Number.MAX_SAFE_INTEGER, softwareVersions: ['1.1.0'] })
      await release(world, { ...theirs, counter: 0, softwareVersions: ['9.0.0'] })
    }
    await revokeRelease(world, await release(world, { counter: 7, softwareVersions: ['1.1.0'], image }))
    expect(await leftOut(world, '1.1.0')).toBe(null)
    expect(await leftOut(world, '9.0.0')).toBe('downgrade')
    const { all } = await running(world, 2)
    expect(await claim(world, all[0]!, '9.0.0')).toEqual({ kind: 'gone', reason: 'downgrade' })
    expect(await claim(world, all[1]!, '1.1.0')).toMatchObject({ kind: 'go' })
  })

  test('a lower counter is offered where a second person agrees, or the release allows it', async () => {
    const world = await strict(open)
    await release(world, { counter: 7, softwareVersions: ['1.1.0'], image: { size: 1, sha256: '7'.repeat(64) } })
    await release(world)
    world.devices = someDevices(1).map((device) => ({ ...device, softwareVersion: '1.1.0' }))
    const agreed = await planned(world, { ...ONE_WAVE, allowDowngrade: true })
    expect(agreed).toMatchObject({ size: 1, approval: { neededBecause: ['downgrade'] } })
    expect(await tryTo(world, agreed.campaignId, 'start')).toBe('campaign_state')
    await revokeRelease(world, agreed.path[0]!.releaseId!)

    await release(world, { allowDowngrade: true })
    expect(await planned(world)).toMatchObject({ size: 1, approval: { neededBecause: [] } })
  })

  test('when a release is revoked its campaigns stop, what waits is withdrawn, and what runs is asked to stop', async () => {
    const world = await strict(open)
    const id = await release(world)
    const { campaignId, all } = await running(world, 3)
    const attemptId = await go(world, all[0]!)
    await revokeRelease(world, id)
    const ended = await untilCampaign(
      world,
      campaignId,
      ({ state, counters }) => state === 'aborted' && counters.benign === 2,
    )
    expect(ended.stateReason).toBe('the release was revoked: key stolen')
    await until(world, campaignId, all[0]!.deviceKey, 'cancelling')
    await waitUntil(() =>
      world.placed.some((one) => one.op === 'put_task' && one.task.kind === 'cancel' && one.task.taskId === attemptId),
    )
    expect(dataOf(await world.ask(transferStopsGet, {})).campaignIds).toEqual([campaignId])
    expect(await claim(world, all[1]!)).toMatchObject({ kind: 'gone' })
    expect(await refusal(world)).toBe('release_revoked')
  })

  test('a campaign that does not rest on the revoked release goes on', async () => {
    const world = await strict(open)
    const other = await release(world, { counter: 6, expires: new Date(world.clock.now() + DAY).toISOString() })
    await release(world)
    const { campaignId, all } = await running(world, 1)
    await revokeRelease(world, other)
    await go(world, all[0]!)
    expect(await campaign(world, campaignId)).toMatchObject({ state: 'running' })
  })

  test('from the moment its release expires nothing is offered, and the campaign pauses until a later one is there', async () => {
    const world = await strict(open)
    const first = await release(world, { expires: new Date(world.clock.now() + DAY).toISOString() })
    const { campaignId, all } = await running(world, 3)
    await go(world, all[0]!)
    world.clock.shift(DAY)
    const answer = await claim(world, all[1]!)
    expect([answer.kind, 'reason' in answer && answer.reason]).toEqual([
      'not_before',
      expect.stringMatching(/release_expired|paused/),
    ])
    const paused = await untilCampaign(world, campaignId, ({ state }) => state === 'paused')
    expect(paused.stateReason).toContain(`the release of ${NEW} expired`)
    expect(await tryTo(world, campaignId, 'resume')).toBe('release_expired')

    const second = await release(world)
    await control(world, campaignId, 'resume')
    expect((await campaign(world, campaignId)).path[0]!.releaseId).toBe(second)
    const [changed] = await history(world, campaignId, 'campaign.release_changed')
    expect(changed!.data).toEqual({ before: [first], after: [second] })
    await go(world, all[2]!)
    expect(world.resolved.at(-1)!.releaseId).toBe(second)
  })

  test('a claim is refused after the expiry even while nobody has looked at the campaign', async () => {
    const world = await open()
    await world.scheduler({ requireRelease: true, gateEveryMs: 10 * DAY, tickMs: 10 * DAY })
    await release(world, { expires: new Date(world.clock.now() + DAY).toISOString() })
    const { all } = await running(world, 1)
    world.clock.shift(DAY)
    expect(await claim(world, all[0]!)).toMatchObject({ kind: 'not_before', reason: 'release_expired' })
    const [waiting] = await upgrades(world, all[0]!.campaignId)
    expect(waiting).toMatchObject({ state: 'pending', waitsFor: 'release_expired' })
  })

  test('a campaign does not start on a release that has expired since it was planned', async () => {
    const world = await strict(open)
    await release(world, { expires: new Date(world.clock.now() + DAY).toISOString() })
    const { campaignId } = await planned(world)
    world.clock.shift(DAY)
    expect(await tryTo(world, campaignId, 'start')).toBe('release_expired')
    await release(world)
    expect(await tryTo(world, campaignId, 'start')).toBe('running')
  })

  test('a campaign that was planned without a release does not start where one is asked for', async () => {
    const world = await open()
    const lenient = await world.scheduler()
    const { campaignId } = await planned(world)
    await lenient.stop()
    await world.scheduler({ requireRelease: true })
    expect(await tryTo(world, campaignId, 'start')).toBe('release_missing')
  })

  test('where none is asked for a campaign goes without, and by its release where there is one', async () => {
    const world = await open()
    await world.scheduler()
    expect((await create(world)).path[0]!.releaseId).toBe(null)
    const id = await release(world, { minimumVersion: '1.0.0' })
    expect((await create(world)).path[0]!.releaseId).toBe(id)
    expect(await leftOut(world, '0.9.0')).toBe('below_minimum_version')
  })

  test('where none is asked for, a release that was revoked, is over or is for others refuses its image', async () => {
    const world = await open()
    await world.scheduler()
    world.releases = [fallen(world)]
    expect(await refusal(world)).toBe('release_revoked')
    await release(world, { expires: new Date(world.clock.now()).toISOString() })
    expect(await refusal(world)).toBe('release_expired')
    await release(world, { models: [{ oui: OUI, productClass: 'Other' }] })
    expect(await refusal(world)).toBe('release_does_not_cover')
  })

  test('where none is asked for, a release that was added a moment ago is asked for', async () => {
    const world = await open()
    await world.scheduler()
    world.releases = [kept(world)]
    expect((await create(world)).path[0]!.releaseId).toBe(world.releases[0]!.releaseId)
  })

  test('a campaign is rolled back to what is released alone', async () => {
    const world = await strict(open)
    await release(world)
    const { campaignId, all } = await running(world, 1, { ...ONE_WAVE, gate: { ...ONE_WAVE.gate!, minSettled: 1 } })
    await succeed(world, campaignId, all[0]!.deviceKey, await go(world, all[0]!))
    const old = addArtifact(world, OLD, { sha256: 'd'.repeat(64) })
    const input = { campaignId, actor: ACTOR }
    expect(await world.ask(campaignRollBack, input)).toMatchObject({ error: { code: 'not_found' } })
    const named = { ...input, artifactId: old.artifactId }
    expect(await world.ask(campaignRollBack, named)).toMatchObject({ error: { code: 'release_missing' } })

    const image = { size: old.size!, sha256: old.sha256! }
    const id = await release(world, { version: OLD, softwareVersions: [OLD], counter: 4, image })
    const back = dataOf(await world.ask(campaignRollBack, input))
    expect(back).toMatchObject({ path: [{ releaseId: id }], approval: { neededBecause: ['rollback'] } })
    await untilCampaign(world, back.campaignId, ({ state }) => state === 'ready')
    await world.ask(campaignControl, { campaignId: back.campaignId, action: 'approve', actor: BOB })
    await control(world, back.campaignId, 'start')
    const [upgrade] = await upgrades(world, back.campaignId)
    expect(await claim(world, upgrade!, NEW)).toMatchObject({ kind: 'go' })
  })
}
