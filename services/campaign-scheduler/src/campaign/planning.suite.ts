import {
  type CampaignDraft,
  type PolicyDraft,
  type SettingsEffect,
  type Verdict,
  campaignCreate,
  campaignDryRun,
  campaignList,
  deviceList,
} from '@sluice/contracts'
import type { Bus } from '@sluice/bus'
import type { Queryable, Sql } from '@sluice/sql'
import { waitUntil } from '@sluice/testbed'
import { expect, test } from 'vitest'
import { books, history } from '../testing/books.ts'
import { ONE_WAVE, control, create, dataOf, untilCampaign, upgrades } from '../testing/drive.ts'
import { addArtifact } from '../testing/way.ts'
import { ACTOR, NEW, OLD, type World, someDevices } from '../testing/world.ts'

const ask = (world: World, draft: Partial<CampaignDraft>) =>
  world.ask(campaignCreate, { draft: { name: 'test', targets: {}, policy: ONE_WAVE, ...draft }, actor: ACTOR })

const THREE_WAVES: NonNullable<PolicyDraft['waves']> = [
  { size: { count: 3 }, advance: 'auto' },
  { size: { percent: 10 }, advance: 'auto' },
  { size: { percent: 100 }, advance: 'auto' },
]

/** Counts the statements about campaigns and upgrades, and the rows they answer. */
function countingSql(real: Sql, cost: { statements: number; rows: number }): Sql {
  const counted = (db: Queryable): Queryable => ({
    query: async (text, values) => {
      const rows = await db.query<never>(text, values)
      if (/scheduler\.(?:upgrades|campaigns|waves|tallies)\b/.test(text)) {
        cost.statements += 1
        cost.rows += rows.length
      }
      return rows
    },
  })
  return { ...real, ...counted(real), transaction: (work) => real.transaction((tx) => work(counted(tx))) }
}

/** Devices that run these versions, in the order of their keys. */
const running = (...versions: readonly (string | null)[]) =>
  someDevices(versions.length).map((device, index) => ({ ...device, softwareVersion: versions[index] ?? null }))

export function planningSuite(open: () => Promise<World>): void {
  test('each device is planned for the leg that its model and version take, and the others are counted by reason', async () => {
    const world = await open()
    await world.scheduler()
    const { artifactId: stone } = addArtifact(world, '1.4')
    world.devices = running('1.2', '1.10', '1.4', NEW, '2.1', null)
    world.devices[5] = { ...world.devices[5]!, productClass: 'Other' }
    const path = [
      { artifactId: stone, from: { below: '1.4' }, steppingStone: true },
      { artifactId: world.artifact.artifactId, from: { from: '1.4' } },
    ]
    const planned = dataOf(await ask(world, { path }))
    expect(planned).toMatchObject({
      size: 3,
      version: NEW,
      leftOut: { already_on_target: 1, downgrade: 1, model_does_not_fit: 1 },
      path: [
        { artifactId: stone, version: '1.4', steppingStone: true },
        { artifactId: world.artifact.artifactId, version: NEW },
      ],
    })
    const all = await upgrades(world, planned.campaignId)
    const target = (index: number) =>
      world.sql.query(`select artifact_id as id from scheduler.upgrades where device_key = $1`, [
        world.devices[index]!.deviceKey,
      ])
    expect(all).toHaveLength(3)
    expect([await target(0), await target(1), await target(2)]).toEqual([
      [{ id: stone }],
      [{ id: world.artifact.artifactId }],
      [{ id: world.artifact.artifactId }],
    ])
    const { stored, counted, folded } = await books(world, planned.campaignId)
    expect([stored, folded]).toEqual([counted, counted])
  })

  test('a path that never ends, or whose stepping stone leads nowhere, is refused in a sentence', async () => {
    const world = await open()
    await world.scheduler()
    const { artifactId: stone } = addArtifact(world, '1.4')
    const refusedWith = async (draft: Partial<CampaignDraft>) => {
      const reply = await ask(world, draft)
      return reply.ok ? 'planned' : `${reply.error.code}: ${reply.error.detail}`
    }
    const last = { artifactId: world.artifact.artifactId }
    expect(await refusedWith({ path: [{ artifactId: stone, steppingStone: true }] })).toMatch(
      /leg 1 \(1\.4\) is a stepping stone, and no leg goes on from 1\.4 for/,
    )
    const stones = [
      { artifactId: stone, steppingStone: true },
      { ...last, from: { from: '1.5' } },
    ]
    expect(await refusedWith({ path: stones })).toMatch(/no leg goes on from 1\.4/)
    expect(await refusedWith({ path: [{ ...last, from: { from: '1.10', below: '1.9' } }] })).toMatch(/its range ends/)
    expect(await refusedWith({})).toMatch(/either one artifact or a path/)
    expect(await refusedWith({ ...last, path: [last] })).toMatch(/either one artifact or a path/)
  })

  for (const [what, changes] of [
    ['not trusted', { status: 'quarantined' }],
    ['not measured', { size: null }],
  ] as const) {
    test(`a path with one artifact that is ${what} gets no campaign`, async () => {
      const world = await open()
      await world.scheduler()
      const { artifactId: stone } = addArtifact(world, '1.4', changes)
      const path = [{ artifactId: stone, steppingStone: true }, { artifactId: world.artifact.artifactId }]
      expect(await ask(world, { path })).toMatchObject({ ok: false, error: { code: 'artifact_not_trusted' } })
    })
  }

  test('rule 11: an older version is planned for only where the policy says so, and a second person is asked for', async () => {
    const world = await open()
    await world.scheduler()
    world.devices = running('3.0', OLD)
    const { artifactId } = world.artifact
    const without = dataOf(await ask(world, { artifactId }))
    expect(without).toMatchObject({ size: 1, leftOut: { downgrade: 1 }, approval: { neededBecause: [] } })
    const policy = { ...ONE_WAVE, allowDowngrade: true }
    expect(dataOf(await ask(world, { artifactId, policy }))).toMatchObject({
      size: 2,
      leftOut: {},
      approval: { neededBecause: ['downgrade'] },
    })
  })

  test('rule 13: a campaign over more devices than may start without asks for a second person', async () => {
    const world = await open()
    await world.scheduler({ approvalAbove: 9 })
    expect((await create(world)).approval.neededBecause).toEqual(['size'])
    world.devices = someDevices(9)
    expect((await create(world)).approval.neededBecause).toEqual([])
  })

  test('canaries by name are the first waves, whole and exact, and who of them is missing is told', async () => {
    const world = await open()
    await world.scheduler()
    world.devices = someDevices(40).map((device, index) => (index === 3 ? { ...device, softwareVersion: NEW } : device))
    const named = (...indexes: number[]) => ({ devices: indexes.map((index) => world.devices[index]!.name) })
    const missing = { devices: [...named(7, 3).devices, '001122-Router-Nobody'] }
    const waves: PolicyDraft['waves'] = [
      { size: named(5, 20), advance: 'manual' },
      { size: missing, advance: 'manual' },
      { size: { count: 4 }, advance: 'auto' },
      { size: { percent: 100 }, advance: 'auto' },
    ]
    const planned = await create(world, { ...ONE_WAVE, waves })
    expect(planned).toMatchObject({ size: 39, leftOut: { canary_not_targeted: 2 } })
    expect(planned.waves.map(({ size }) => size)).toEqual([2, 1, 4, 32])
    const waveOf = new Map((await upgrades(world, planned.campaignId)).map((one) => [one.deviceName, one.wave]))
    expect(named(5, 20, 7).devices.map((name) => waveOf.get(name))).toEqual([1, 1, 2])
    const { stored, counted, folded } = await books(world, planned.campaignId)
    expect([stored, folded]).toEqual([counted, counted])
  })

  for (const [what, waves] of [
    ['after other waves', [{ count: 1 }, { devices: ['a'] }, { percent: 100 }]],
    ['as the last wave', [{ devices: ['a'] }]],
    ['named twice', [{ devices: ['a'] }, { devices: ['b', 'a'] }, { percent: 100 }]],
  ] as const) {
    test(`canaries ${what} are refused`, async () => {
      const world = await open()
      await world.scheduler()
      const policy = { ...ONE_WAVE, waves: waves.map((size) => ({ size, advance: 'auto' as const })) }
      const reply = await ask(world, { artifactId: world.artifact.artifactId, policy: policy as PolicyDraft })
      expect(reply).toMatchObject({ ok: false, error: { code: 'invalid_request' } })
    })
  }

  test('an upgrade that was only planned holds no record of its machine, and reads as any other', async () => {
    const world = await open()
    await world.scheduler()
    const { campaignId } = await create(world)
    const rows = await world.sql.query(`select machine from scheduler.upgrades where campaign_id = $1`, [campaignId])
    expect(rows).toEqual(Array.from({ length: 10 }, () => ({ machine: null })))
    expect((await upgrades(world, campaignId))[0]).toMatchObject({ state: 'pending', attempts: 0, fromVersion: null })
  })

  test('pages too large for one message are asked for again, smaller', async () => {
    const world = await open()
    await world.scheduler({ planPageSize: 800, rankPageSize: 500 })
    const leniencies = Array.from({ length: 64 }, (_, index) => ({
      code: `${index}`.padEnd(64, 'x'),
      lastAt: '2026-01-01T00:00:00.000Z',
    }))
    world.devices = someDevices(400).map((device) => ({ ...device, leniencies }))
    expect(await create(world)).toMatchObject({ state: 'ready', size: 400 })
  })

  test('a plan that was stopped in the middle of its waves is gone on with', async () => {
    const world = await open()
    const first = await world.scheduler({ planReplyMs: 0, rankPageSize: 2 })
    world.devices = someDevices(30)
    const waves: PolicyDraft['waves'] = [
      { size: { count: 10 }, advance: 'auto' },
      { size: { percent: 100 }, advance: 'auto' },
    ]
    const { campaignId } = await create(world, { ...ONE_WAVE, waves })
    const sizes = () =>
      world.sql.query<{ n: number; stage: string }>(
        `select sum(w.size)::bigint as n, min(plan_stage) as stage from scheduler.waves w join scheduler.campaigns using (campaign_id)`,
      )
    await waitUntil(async () => Number((await sizes())[0]?.n) > 0)
    await first.stop()
    await world.scheduler()
    await waitUntil(async () => (await sizes())[0]?.stage === 'planned')
    const planned = await upgrades(world, campaignId)
    expect([1, 2].map((wave) => planned.filter((one) => one.wave === wave).length)).toEqual([10, 20])
    const { stored, counted, folded } = await books(world, campaignId)
    expect([stored, folded]).toEqual([counted, counted])
    expect(await history(world, campaignId, 'campaign.planned')).toHaveLength(1)
  })

  for (const [stage, statement] of [
    ['gathered', 'insert into scheduler.upgrades'],
    ['put into their waves', 'width_bucket'],
  ] as const) {
    test(`a campaign that is aborted while its devices are ${stage} counts whom it has, and each of them leaves it`, async () => {
      const world = await open()
      let pages = 0
      const stuck = (real: Sql): Sql => ({
        ...real,
        transaction: (work) =>
          real.transaction((tx) =>
            work({
              query: (text, values) => {
                if (text.includes(statement) && ++pages > 3) throw new Error('no further')
                return tx.query<never>(text, values)
              },
            }),
          ),
      })
      await world.scheduler({ planReplyMs: 0, planPageSize: 10, rankPageSize: 10 }, (bus) => bus, stuck)
      world.devices = someDevices(50)
      const { campaignId } = await create(world, { ...ONE_WAVE, waves: THREE_WAVES })
      await waitUntil(() => pages > 3)
      expect(await control(world, campaignId, 'abort')).toMatchObject({ state: 'aborted' })
      const { size, counters, waves, outcomes } = await untilCampaign(
        world,
        campaignId,
        (one) => one.counters.pending === 0 && one.counters.benign > 0,
      )
      expect(size).toBe(statement === 'width_bucket' ? 50 : 30)
      expect(counters.benign).toBe(size)
      expect(outcomes).toEqual({ cancelled: size })
      expect(waves.reduce((sum, wave) => sum + wave.size, 0)).toBe(size)
      const { stored, counted, folded } = await books(world, campaignId)
      expect([stored, folded]).toEqual([counted, counted])
      const [moved] = await history(world, campaignId, 'campaign.moved')
      expect(moved?.data).toMatchObject({ from: 'planning', to: 'aborted', counters: { pending: size } })
    })
  }

  test('request 7: each device costs a plan the same, however many there are: pages of statements, each row once', async () => {
    const world = await open()
    const cost = { statements: 0, rows: 0 }
    const quiet = 3_600_000
    const page = 10
    await world.scheduler(
      { planPageSize: page, rankPageSize: page, tickMs: quiet, beatMs: quiet },
      (bus) => bus,
      (sql) => countingSql(sql, cost),
    )
    const costOf = async (devices: number) => {
      world.devices = someDevices(devices)
      Object.assign(cost, { statements: 0, rows: 0 })
      expect(await create(world, { ...ONE_WAVE, waves: THREE_WAVES })).toMatchObject({ state: 'ready', size: devices })
      return { ...cost }
    }
    const [small, medium, large] = [await costOf(100), await costOf(200), await costOf(400)]
    // A few statements for each page, and no more of them for a later one; which waves a page has is by chance.
    const perHundred = medium.statements - small.statements
    expect(perHundred).toBeLessThanOrEqual((8 * 100) / page)
    expect(large.statements - medium.statements).toBeLessThanOrEqual(2.5 * perHundred)
    expect(large.rows - medium.rows).toBeLessThanOrEqual(2.5 * (medium.rows - small.rows))
  })

  test('a dry run says what the plan would be, and writes nothing', async () => {
    const world = await open()
    await world.scheduler()
    world.devices = running(OLD, OLD, '1.5', NEW, '3.0').map((device, index) =>
      index === 0 ? { ...device, zone: 'Europe/Madrid' } : device,
    )
    const waves: PolicyDraft['waves'] = [
      { size: { devices: [world.devices[0]!.name, 'nobody'] }, advance: 'manual' },
      { size: { percent: 100 }, advance: 'auto' },
    ]
    const windows = [{ zone: 'Europe/Berlin', from: '01:00', to: '05:00' }]
    const policy: PolicyDraft = { ...ONE_WAVE, waves, windows, caps: { inFlight: 1 }, configLossDeclared: true }
    const draft = { name: 'test', artifactId: world.artifact.artifactId, targets: {}, policy }
    const would = dataOf(await world.ask(campaignDryRun, { draft, actor: ACTOR }))
    expect(would.devices).toBe(3)
    expect(
      would.byModel.map(({ softwareVersion, devices, toVersion }) => [softwareVersion, toVersion, devices]),
    ).toEqual([
      [OLD, NEW, 2],
      ['1.5', NEW, 1],
    ])
    expect(would.leftOut).toEqual([
      { reason: 'already_on_target', devices: 1, examples: [world.devices[3]!.name] },
      { reason: 'canary_not_targeted', devices: 1, examples: ['nobody'] },
      { reason: 'downgrade', devices: 1, examples: [world.devices[4]!.name] },
    ])
    expect(would.waves).toEqual([
      { wave: 1, size: 1 },
      { wave: 2, size: 2 },
    ])
    expect(would.duration.boundBy).toBe('devices show up once a day')
    expect(would.notes.join('\n')).toMatch(/settings/)
    expect(await world.sql.query(`select 1 from scheduler.campaigns`)).toEqual([])
  })

  test('rule 10; request 3: windows that nothing could ever start in are refused, by a dry run as well, which says of each image that has no room', async () => {
    const world = await open()
    await world.scheduler()
    const windows = [{ zone: 'Europe/Berlin', from: '01:00', to: '02:00' }]
    const { artifactId: large } = addArtifact(world, '4.0', { size: 40_000_000 })
    const draft = { name: 'test', artifactId: large, targets: {}, policy: { ...ONE_WAVE, windows } }
    const replies = [campaignCreate, campaignDryRun].map((method) => world.ask(method, { draft, actor: ACTOR }))
    for (const reply of await Promise.all(replies)) {
      const detail = '4.0 needs a window of 72 min, and the longest has 60 min: nothing would ever start'
      expect(reply).toMatchObject({ ok: false, error: { code: 'invalid_request', detail } })
    }
    const { artifactId: _, ...rest } = draft
    const path = [{ artifactId: large, from: { below: '1.0' } }, { artifactId: world.artifact.artifactId }]
    const would = dataOf(await world.ask(campaignDryRun, { draft: { ...rest, path }, actor: ACTOR }))
    expect(would.notes.join()).toMatch(/4\.0 needs a window of 72 min, .*: nobody is offered it/)
    expect(would.notes.join()).toMatch(/until 45 min before their end: 1 % of the week/)
  })

  test('dry runs beyond a few at once are told to come again, and nobody else waits for them', async () => {
    const world = await open()
    const { promise, resolve } = Promise.withResolvers<void>()
    let asked = 0
    const held = (real: Bus): Bus => ({
      ...real,
      request: async (message, input, options) => {
        if (message.name === deviceList.name && ++asked > 0) await promise
        return real.request(message, input, options)
      },
    })
    await world.scheduler({}, held)
    const draft = { name: 'test', artifactId: world.artifact.artifactId, targets: {} }
    const dryRun = () => world.ask(campaignDryRun, { draft, actor: ACTOR })
    const first = Array.from({ length: 4 }, dryRun)
    await waitUntil(() => asked === 4)
    expect(await dryRun()).toMatchObject({ ok: false, error: { code: 'unavailable' } })
    expect(dataOf(await world.ask(campaignList, { limit: 1 })).items).toEqual([])
    resolve()
    for (const reply of [...(await Promise.all(first)), await dryRun()]) expect(dataOf(reply).devices).toBe(10)
  })

  test('a dry run says what the image does to settings, before any device has lost them', async () => {
    const world = await open()
    await world.scheduler()
    const sentence = 'Devices of compat_version 1.1 keep their settings; those of another minor version lose them.'
    const verdict = verdictThatSays({ effect: 'by_compat_version', sentence })
    const { artifactId } = addArtifact(world, '4.0', { verdict })
    const notesOf = async (policy: PolicyDraft) => {
      const draft = { name: 'test', artifactId, targets: {}, policy }
      return dataOf(await world.ask(campaignDryRun, { draft, actor: ACTOR })).notes
    }
    expect(await notesOf(ONE_WAVE)).toEqual(
      expect.arrayContaining([`Of 4.0: ${sentence}`, expect.stringMatching(/does not declare/) as string]),
    )
    expect((await notesOf({ ...ONE_WAVE, configLossDeclared: true })).join()).not.toMatch(/does not declare/)
  })

  test('a dry run over more devices than it can look at in time says how many, and what to narrow', async () => {
    const world = await open()
    await world.scheduler({ dryRunMost: 8 })
    const draft = { name: 'test', artifactId: world.artifact.artifactId, targets: {}, policy: ONE_WAVE }
    const reply = await world.ask(campaignDryRun, { draft, actor: ACTOR })
    expect(reply).toMatchObject({ ok: false, error: { code: 'too_large' } })
    expect(reply.ok ? '' : reply.error.detail).toMatch(/more than 8 devices/)
  })
}

function verdictThatSays(settings: SettingsEffect): Verdict {
  return {
    trusted: true,
    reasons: [],
    checks: [],
    at: '2026-01-01T00:00:00.000Z',
    evidence: {
      format: 'openwrt_sysupgrade',
      size: 1,
      sha256: 'a'.repeat(64),
      version: NEW,
      description: null,
      boards: null,
      fromVersions: null,
      settings,
      reboots: null,
      builtAt: null,
      members: [],
      more: {},
      unsigned: [],
      keys: [],
      requiredKeys: 1,
      leftOut: 0,
    },
  }
}
