import { type Bus, createEmbeddedBus } from '@sluice/bus'
import {
  type Artifact,
  type Campaign,
  type CampaignDraft,
  type Device,
  type InputOf,
  type ObservedFact,
  type OutputOf,
  type Placement,
  type PolicyDraft,
  type Reply,
  type RequestMessage,
  answered,
  artifactGet,
  artifactResolve,
  attemptObserved,
  campaignControl,
  campaignCreate,
  campaignGet,
  deviceKeyOf,
  deviceList,
  deviceNameOf,
  refused,
  shardOf,
  taskPlaced,
  upgradeClaim,
  upgradeList,
} from '@sluice/contracts'
import { type Clock, createIds, createLog, systemClock } from '@sluice/runtime'
import { type Sql, openEmbedded } from '@sluice/sql'
import { waitUntil } from '@sluice/testbed'
import { type Scheduler, type SchedulerSettings, createScheduler } from '../index.ts'

/** Real timers, and a time of day that a test moves on. */
export interface ShiftedClock extends Clock {
  shift(ms: number): void
}

export function createShiftedClock(): ShiftedClock {
  let offset = 0
  return { ...systemClock, now: () => systemClock.now() + offset, shift: (ms) => void (offset += ms) }
}

export interface World {
  readonly sql: Sql
  readonly clock: ShiftedClock
  readonly bus: Bus
  readonly placed: Placement[]
  readonly artifact: Artifact
  /** What the resolver answers for an attempt; null: it is away. */
  resolve: ((attemptId: string) => 'resolved' | 'revoked') | null
  /** Answers of the registry that are refused before the next one goes through. */
  registryRefusals: number
  devices: Device[]
  scheduler(settings?: Partial<SchedulerSettings>, bus?: (real: Bus) => Bus): Promise<Scheduler>
  ask<M extends RequestMessage>(message: M, input: InputOf<M>): Promise<Reply<OutputOf<M>>>
  close(): Promise<void>
}

export const OLD = '1.0.0'
export const NEW = '2.0.0'
const OUI = '001122'
const CLASS = 'Router'
export const ACTOR = 'operator:test'

export function someDevices(count: number): Device[] {
  return Array.from({ length: count }, (_, index) => {
    const identity = { oui: OUI, productClass: CLASS, serialNumber: `S${String(index).padStart(5, '0')}` }
    return {
      ...identity,
      deviceKey: deviceKeyOf(identity),
      name: deviceNameOf(identity),
      manufacturer: 'Acme',
      hardwareVersion: 'A1',
      softwareVersion: OLD,
      lastInformAt: null,
      firstSeenAt: '2026-01-01T00:00:00.000Z',
      lastEvents: [],
      tags: [],
      username: null,
    }
  }).toSorted((a, b) => (a.deviceKey < b.deviceKey ? -1 : 1))
}

let embedded: Promise<Sql> | undefined

/** One embedded database for all tests of a file: opening it takes longer than they do. */
async function emptyEmbedded(): Promise<Sql> {
  const sql = await (embedded ??= openEmbedded({ memory: true }))
  await sql.query('drop schema if exists scheduler cascade; drop schema if exists bus cascade')
  return sql
}

/** At the end of a file. */
export async function closeEmbedded(): Promise<void> {
  await (await embedded)?.close()
  embedded = undefined
}

/** The services around the scheduler, as small as they can be, on a real bus. */
export async function createWorld(openSql?: () => Promise<Sql>): Promise<World> {
  const busSql = await emptyEmbedded()
  const sql = openSql === undefined ? busSql : await openSql()
  const clock = createShiftedClock()
  const log = createLog({ service: 'test', level: (process.env['TEST_LOG'] as 'silent' | undefined) ?? 'silent' })
  const hub = await createEmbeddedBus({
    sql: busSql,
    clock: systemClock,
    log,
    retries: { firstMs: 10, longestMs: 50, maxDeliveries: 50 },
  })
  const ids = createIds(clock)
  const schedulers: Scheduler[] = []
  const artifactId = ids.artifact()
  const world: World = {
    sql,
    clock,
    bus: hub.as('cwmp-gateway'),
    placed: [],
    devices: someDevices(10),
    resolve: () => 'resolved',
    registryRefusals: 0,
    artifact: {
      artifactId,
      name: 'firmware',
      fits: [{ oui: OUI, productClass: CLASS }],
      version: NEW,
      softwareVersions: [NEW],
      format: 'raw',
      status: 'trusted',
      size: 1_000_000,
      sha256: 'a'.repeat(64),
      hosting: 'file_server',
      sourceUrl: null,
      verdict: null,
      createdAt: '2026-01-01T00:00:00.000Z',
      createdBy: ACTOR,
    },
    async scheduler(settings = {}, wrap = (real) => real) {
      const parts = { sql, bus: wrap(hub.as('campaign-scheduler')), clock, ids: createIds(clock), log }
      const scheduler = createScheduler({ ...parts, settings: { tickMs: 20, planPageSize: 7, ...settings } })
      schedulers.push(scheduler)
      await scheduler.start()
      return scheduler
    },
    ask: (message, input) => hub.as('operator-api').request(message, input, { deadlineMs: 20_000 }),
    async close() {
      await Promise.all(schedulers.map((scheduler) => scheduler.stop()))
      await hub.close()
      if (busSql !== sql) await sql.close()
    },
  }
  await serveAround(world, hub.as('artifact-resolver'), hub.as('device-registry'))
  return world
}

async function serveAround(world: World, resolver: Bus, registry: Bus): Promise<void> {
  await world.bus.consume(taskPlaced, async (batch) => {
    world.placed.push(...batch.flatMap(({ data }) => data.items))
  })
  await resolver.serve(artifactGet, async (batch) =>
    batch.map(({ input }) =>
      input.artifactId === world.artifact.artifactId
        ? answered(world.artifact)
        : refused('not_found', 'no such artifact'),
    ),
  )
  await resolver.serve(artifactResolve, async (batch) =>
    batch.map(({ input }) => {
      const { resolve } = world
      if (resolve === null) return refused('unavailable', 'away')
      const items = input.items.map(({ attemptId }) =>
        resolve(attemptId) === 'resolved'
          ? {
              kind: 'resolved' as const,
              attemptId,
              download: { url: 'http://files/x', username: attemptId, password: 'p', fileSize: 1, targetFileName: 'x' },
            }
          : { kind: 'unresolved' as const, attemptId, reason: 'revoked' as const },
      )
      return answered({ items })
    }),
  )
  await registry.serve(deviceList, async (batch) =>
    batch.map(({ input }) => {
      if (world.registryRefusals > 0) {
        world.registryRefusals -= 1
        return refused('unavailable', 'away')
      }
      const from = input.cursor ?? ''
      const rest = world.devices.filter((device) => device.deviceKey > from)
      const items = rest.slice(0, input.limit)
      return answered({ items, next: rest.length > items.length ? (items.at(-1)?.deviceKey ?? null) : null })
    }),
  )
}

export function dataOf<T>(reply: Reply<T>): T {
  if (!reply.ok) throw new Error(`${reply.error.code}: ${reply.error.detail}`)
  return reply.data
}

export const ONE_WAVE: PolicyDraft = {
  waves: [{ size: { percent: 100 }, advance: 'auto' }],
  gate: { minSettled: 1_000, soakMs: 0, limits: {} },
}

export async function create(
  world: World,
  policy: PolicyDraft = ONE_WAVE,
  targets: CampaignDraft['targets'] = {},
): Promise<Campaign> {
  const draft = { name: 'test', artifactId: world.artifact.artifactId, targets, policy }
  return dataOf(await world.ask(campaignCreate, { draft, actor: ACTOR }))
}

export async function control(
  world: World,
  campaignId: string,
  action: InputOf<typeof campaignControl>['action'],
): Promise<Campaign> {
  return dataOf(await world.ask(campaignControl, { campaignId, action, actor: ACTOR }))
}

export async function campaign(world: World, campaignId: string): Promise<Campaign> {
  return dataOf(await world.ask(campaignGet, { campaignId }))
}

export async function upgrades(world: World, campaignId: string): Promise<OutputOf<typeof upgradeList>['items']> {
  return dataOf(await world.ask(upgradeList, { campaignId, limit: 1_000 })).items
}

type ListedUpgrade = OutputOf<typeof upgradeList>['items'][number]

export async function claimReply(
  world: World,
  { upgradeId, deviceKey }: Pick<ListedUpgrade, 'upgradeId' | 'deviceKey'>,
  softwareVersion = OLD,
) {
  const snapshot = { settings: {}, sentinels: {}, wanUp: null }
  const model = { oui: OUI, productClass: CLASS, hardwareVersion: 'A1' }
  return world.ask(upgradeClaim, { deviceKey, upgradeId, sessionId: 's', ...model, softwareVersion, snapshot })
}

export async function claim(
  world: World,
  upgrade: Pick<ListedUpgrade, 'upgradeId' | 'deviceKey'>,
  softwareVersion = OLD,
) {
  return dataOf(await claimReply(world, upgrade, softwareVersion))
}

/** Claims and insists on a go. */
export async function go(world: World, upgrade: Pick<ListedUpgrade, 'upgradeId' | 'deviceKey'>): Promise<string> {
  const answer = await claim(world, upgrade)
  if (answer.kind !== 'go') throw new Error(`no go but ${JSON.stringify(answer)}`)
  return answer.attemptId
}

const ids = createIds()

export interface Seen {
  readonly id?: string
  readonly deviceKey: string | null
  readonly at?: number
  readonly fact: ObservedFact
}

/** Publishes observations, all in one event, as a gateway does. */
export async function observe(world: World, ...seen: readonly Seen[]): Promise<void> {
  const items = seen.map(({ id, deviceKey, at, fact }) => ({
    id: id ?? ids.observation(),
    deviceKey,
    at: new Date(at ?? world.clock.now()).toISOString(),
    fact,
  }))
  await world.bus.publish(attemptObserved, [
    { id: ids.event(), key: shardOf(items[0]!.deviceKey ?? ''), data: { items } },
  ])
}

export const informed = (softwareVersion: string, ...codes: string[]): ObservedFact => ({
  kind: 'informed',
  softwareVersion,
  events: codes.map((code) => ({ code, commandKey: '' })),
})

export const completed = (commandKey: string, faultCode = 0): ObservedFact => ({
  kind: 'transfer_completed',
  commandKey,
  faultCode,
  faultString: faultCode === 0 ? '' : 'failed',
})

/** Waits until the upgrade stands in a state. */
export async function until(
  world: World,
  campaignId: string,
  deviceKey: string,
  state: string,
): Promise<ListedUpgrade> {
  let last: ListedUpgrade | undefined
  await waitUntil(
    async () => {
      last = (await upgrades(world, campaignId)).find((one) => one.deviceKey === deviceKey)
      return last?.state === state
    },
    { describe: () => `${deviceKey} is ${last?.state} and not ${state}` },
  )
  return last!
}

/** From the answer to Download to a proven success, the time in between shifted. */
export async function succeed(world: World, campaignId: string, deviceKey: string, attemptId: string): Promise<void> {
  await observe(
    world,
    { deviceKey, fact: { kind: 'download_answered', attemptId, status: 1 } },
    { deviceKey: null, fact: { kind: 'first_byte_served', attemptId, bytes: 1 } },
    { deviceKey: null, fact: { kind: 'last_byte_served', attemptId, bytes: 1_000_000 } },
    { deviceKey, fact: completed(attemptId) },
    { deviceKey, fact: informed(NEW, '1 BOOT', 'M Download') },
  )
  await until(world, campaignId, deviceKey, 'verifying')
  world.clock.shift(20 * 60_000)
  await observe(world, { deviceKey, fact: informed(NEW, '3 SCHEDULED') })
  await until(world, campaignId, deviceKey, 'verified')
}

/** Waits until a campaign looks like this. */
export async function untilCampaign(
  world: World,
  campaignId: string,
  looks: (campaign: Campaign) => boolean,
): Promise<Campaign> {
  let last: Campaign | undefined
  await waitUntil(async () => looks((last = await campaign(world, campaignId))), {
    describe: () => `the campaign is ${last?.state} (${last?.stateReason}) with ${JSON.stringify(last?.counters)}`,
  })
  return last!
}

/** A started campaign and its upgrades. */
export async function running(world: World, count: number, policy: PolicyDraft = ONE_WAVE) {
  world.devices = someDevices(count)
  const { campaignId } = await create(world, policy)
  await control(world, campaignId, 'start')
  return { campaignId, all: await upgrades(world, campaignId) }
}

/** Whether tallies, upgrades and the fold of the journal say the same. */
export async function books(
  world: World,
  campaignId: string,
): Promise<{ stored: string; counted: string; folded: string }> {
  const text = (rows: readonly { key: string; n: number }[]) =>
    rows
      .filter(({ n }) => n !== 0)
      .map(({ key, n }) => `${key} ${n}`)
      .toSorted()
      .join('\n')
  const key = `wave || ' ' || state || ' ' || counts_as as key`
  const stored = await world.sql.query<{ key: string; n: number }>(
    `select ${key}, n from scheduler.tallies where campaign_id = $1`,
    [campaignId],
  )
  const counted = await world.sql.query<{ key: string; n: number }>(
    `select ${key}, count(*) as n from scheduler.upgrades where campaign_id = $1 and wave > 0 group by 1`,
    [campaignId],
  )
  const journal = await world.sql.query<{ kind: string; data: Record<string, unknown> }>(
    `select kind, data from scheduler.journal where campaign_id = $1 and direction = 'note' order by seq`,
    [campaignId],
  )
  const fold = new Map<string, number>()
  const add = (place: string, n: number) => fold.set(place, (fold.get(place) ?? 0) + n)
  for (const { kind, data } of journal) {
    if (kind === 'campaign.planned') {
      for (const { wave, size } of data['waves'] as { wave: number; size: number }[])
        add(`${wave} pending pending`, size)
    }
    if (kind !== 'upgrade.moved') continue
    const move = data as Record<'from' | 'to' | 'countedAs' | 'countsAs', string> & { wave: number }
    add(`${move.wave} ${move.from} ${move.countedAs}`, -1)
    add(`${move.wave} ${move.to} ${move.countsAs}`, 1)
  }
  return { stored: text(stored), counted: text(counted), folded: text([...fold].map(([k, n]) => ({ key: k, n }))) }
}

export async function history(
  world: World,
  campaignId: string,
  kind: string,
): Promise<{ actor: string; data: never }[]> {
  return world.sql.query(
    `select actor, data from scheduler.journal where campaign_id = $1 and kind = $2 order by seq`,
    [campaignId, kind],
  )
}
