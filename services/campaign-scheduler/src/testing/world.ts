import { type Bus, createEmbeddedBus } from '@sluice/bus'
import {
  type Artifact,
  type DataOf,
  type Device,
  type InputOf,
  type OutputOf,
  type Placement,
  type Release,
  type Reply,
  type RequestMessage,
  answered,
  artifactGet,
  artifactList,
  artifactResolve,
  artifactSuspected,
  deviceKeyOf,
  deviceList,
  deviceNameOf,
  refused,
  releaseGet,
  releaseList,
  taskPlaced,
  uploadGrant,
} from '@sluice/contracts'
import { type Clock, createIds, createLog, systemClock } from '@sluice/runtime'
import { type Sql, openEmbedded } from '@sluice/sql'
import { type CapsOfAll, inMemory } from '@sluice/testbed'
import { type Scheduler, type SchedulerSettings, createScheduler } from '../index.ts'
import { asMigrated } from './as-migrated.ts'

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
  readonly isPostgres: boolean
  readonly clock: ShiftedClock
  readonly bus: Bus
  /** Who tells of devices that changed. */
  readonly registry: Bus
  /** Somebody outside of Sluice. */
  readonly outside: Bus
  readonly placed: Placement[]
  /** What the resolver was told to hash again. */
  readonly suspected: DataOf<typeof artifactSuspected>[]
  readonly artifact: Artifact
  /** More of them, for campaigns of several legs. */
  readonly others: Artifact[]
  /** What was asked of the resolver. */
  readonly resolved: InputOf<typeof artifactResolve>['items'][number][]
  /** What the resolver answers for an attempt; null: it is away. */
  resolve: ((attemptId: string) => 'resolved' | 'revoked') | null
  /** Whether the resolver has a place for uploads. */
  grantsUploads: boolean
  /** What the verifier knows of, whoever was told. */
  releases: Release[]
  /** Answers of the registry that are refused before the next one goes through. */
  registryRefusals: number
  /** So many devices go into one of its messages. */
  registryMost: number
  devices: Device[]
  /** What its schedulers were told, all of them alike. */
  capsOfAll: CapsOfAll
  scheduler(
    settings?: Partial<SchedulerSettings>,
    bus?: (real: Bus) => Bus,
    database?: (real: Sql) => Sql,
  ): Promise<Scheduler>
  ask<M extends RequestMessage>(message: M, input: InputOf<M>): Promise<Reply<OutputOf<M>>>
  close(): Promise<void>
}

export const OLD = '1.0.0'
export const NEW = '2.0.0'
export const OUI = '001122'
export const CLASS = 'Router'
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
      site: null,
      region: null,
      accessNode: null,
      zone: null,
      changedAt: '2026-01-01T00:00:00.000Z',
      username: null,
      dataModelRoot: null,
      cwmpVersion: null,
      wakeableBy: [],
      gatewayName: null,
      proxied: null,
      lastWakeUpAt: null,
      leniencies: [],
      profile: 'default-device',
      logsBodies: false,
    }
  }).toSorted((a, b) => (a.deviceKey < b.deviceKey ? -1 : 1))
}

let embedded: Promise<Sql> | undefined

/** One embedded database for all tests of a file: opening it takes longer than they do. */
async function emptyEmbedded(): Promise<Sql> {
  const sql = await (embedded ??= openEmbedded(inMemory()))
  await sql.query('drop schema if exists bus cascade')
  return sql
}

/** At the end of a file. */
export async function closeEmbedded(): Promise<void> {
  await (await embedded)?.close()
  embedded = undefined
}

/** What its scheduler logs, unless a test listens. */
const unheard = createLog({ service: 'test', level: (process.env['TEST_LOG'] as 'silent' | undefined) ?? 'silent' })

/** The services around the scheduler, as small as they can be, on a real bus. */
export async function createWorld(openSql?: () => Promise<Sql>, log = unheard): Promise<World> {
  const busSql = await emptyEmbedded()
  const sql = openSql === undefined ? busSql : await openSql()
  if (openSql === undefined) await asMigrated(sql)
  const clock = createShiftedClock()
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
    isPostgres: openSql !== undefined,
    clock,
    bus: hub.as('cwmp-gateway'),
    registry: hub.as('device-registry'),
    outside: hub.as('external'),
    placed: [],
    suspected: [],
    others: [],
    resolved: [],
    devices: someDevices(10),
    capsOfAll: {},
    resolve: () => 'resolved',
    grantsUploads: true,
    releases: [],
    registryRefusals: 0,
    registryMost: 1_000,
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
      import: null,
      origin: null,
      verdict: null,
      createdAt: '2026-01-01T00:00:00.000Z',
      createdBy: ACTOR,
    },
    async scheduler(settings = {}, wrap = (real) => real, wrapSql = (real) => real) {
      const parts = { sql: wrapSql(sql), bus: wrap(hub.as('campaign-scheduler')), clock, ids: createIds(clock), log }
      // A test that moves the time on means time, not an outage, unless it says so.
      const quick = {
        tickMs: 20,
        beatMs: 20,
        drainMs: 0,
        outageAfterMs: Number.MAX_SAFE_INTEGER,
        planPageSize: 7,
        rankPageSize: 11,
        planReplyMs: 15_000,
        // Who tests releases says so.
        requireRelease: false,
      }
      world.capsOfAll = settings.globalCaps ?? {}
      const scheduler = createScheduler({ ...parts, settings: { ...quick, ...settings } })
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
  await serveAround(world, hub.as('artifact-resolver'))
  await serveReleases(world, hub.as('firmware-verifier'))
  return world
}

async function serveAround(world: World, resolver: Bus): Promise<void> {
  await world.bus.consume(taskPlaced, async (batch) => {
    world.placed.push(...batch.flatMap(({ data }) => data.items))
  })
  await resolver.consume(artifactSuspected, async (batch) => {
    world.suspected.push(...batch.map(({ data }) => data))
  })
  await resolver.serve(artifactGet, async (batch) =>
    batch.map(({ input }) => {
      const found = [world.artifact, ...world.others].find(({ artifactId }) => artifactId === input.artifactId)
      return found === undefined ? refused('not_found', 'no such artifact') : answered(found)
    }),
  )
  await resolver.serve(artifactList, async (batch) =>
    batch.map(() => answered({ items: [world.artifact, ...world.others], next: null })),
  )
  await resolver.serve(artifactResolve, async (batch) =>
    batch.map(({ input }) => {
      const { resolve } = world
      world.resolved.push(...input.items)
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
  await resolver.serve(uploadGrant, async (batch) =>
    batch.map(({ input: { uploadId, expiresAt } }) =>
      world.grantsUploads
        ? answered({ url: 'http://files/u', username: uploadId, password: 'p', expiresAt })
        : refused('unavailable', 'away'),
    ),
  )
  await world.registry.serve(deviceList, async (batch) =>
    batch.map(({ input }) => {
      if (world.registryRefusals > 0) {
        world.registryRefusals -= 1
        return refused('unavailable', 'away')
      }
      if (input.limit > world.registryMost) return refused('too_large', 'more than one message takes')
      const from = input.cursor ?? ''
      const { changedSince = '' } = input
      const { deviceKeys } = input.filter
      const rest = world.devices.filter(
        (device) =>
          device.deviceKey > from &&
          device.changedAt >= changedSince &&
          (deviceKeys === undefined || deviceKeys.includes(device.deviceKey)),
      )
      const items = rest.slice(0, input.limit)
      return answered({ items, next: rest.length > items.length ? (items.at(-1)?.deviceKey ?? null) : null })
    }),
  )
}

async function serveReleases(world: World, verifier: Bus): Promise<void> {
  await verifier.serve(releaseList, async (batch) =>
    batch.map(({ input }) => {
      const items = world.releases.map(({ releaseId, statement, status, addedAt }) => {
        const { vendor, product, version, counter, image, expires } = statement
        return { releaseId, vendor, product, version, counter, sha256: image.sha256, status, expires, addedAt }
      })
      return answered({ items: items.filter(({ sha256 }) => sha256 === input.sha256), next: null })
    }),
  )
  await verifier.serve(releaseGet, async (batch) =>
    batch.map(({ input }) => {
      const found = world.releases.find(({ releaseId }) => releaseId === input.releaseId)
      return found === undefined ? refused('not_found', 'no such release') : answered(found)
    }),
  )
}
