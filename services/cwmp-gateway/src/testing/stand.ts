import type { Bus } from '@sluice/bus'
import {
  answered,
  attemptObserved,
  deviceCredential,
  type DataOf,
  deviceInformed,
  type InformedDevice,
  type InputOf,
  type Observation,
  type ObservedFact,
  type OutputOf,
  type Placement,
  placementList,
  settingsKept,
  refused,
  type Reply,
  taskPlaced,
  upgradeClaim,
} from '@sluice/contracts'
import { createMemoryHotStore, type HotStore } from '@sluice/hot-store'
import { defaultProfiles } from '@sluice/model-profiles'
import { type Clock, createIds, systemClock } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { defaultSettings, type GatewaySettings } from '../config.ts'
import { createGateway, type Gateway } from '../gateway.ts'
import { type OtherServices, serveOthers } from './other-services.ts'
import { embeddedTransport, log, type Transport } from './transports.ts'

export type ClaimInput = InputOf<typeof upgradeClaim>
export type ClaimReply = Reply<OutputOf<typeof upgradeClaim>>
export type CredentialReply = Reply<OutputOf<typeof deviceCredential>>

/** Gateways on a real bus and hot store; the registry and the scheduler answer as the test says. */
export interface Stand {
  readonly hotStore: HotStore
  readonly gateways: readonly Gateway[]
  readonly informed: InformedDevice[]
  readonly observed: Observation[]
  readonly claims: ClaimInput[]
  readonly credentialRequests: string[]
  readonly others: OtherServices
  readonly credentialInputs: InputOf<typeof deviceCredential>[]
  /** What the scheduler answers; refuses with `unavailable` unless told. */
  onClaim: (input: ClaimInput) => ClaimReply
  /** What the scheduler has kept of a device's settings. */
  onKept: (input: InputOf<typeof settingsKept>) => OutputOf<typeof settingsKept>
  onCredential: (deviceKey: string) => CredentialReply
  /** While true, the scheduler does not say what was placed. */
  keepsPlacements: boolean
  /** Awaited by every publish of the gateways. */
  beforePublish: (name: string) => Promise<void>
  facts(kind?: ObservedFact['kind']): ObservedFact[]
  /** One more gateway. */
  open(settings?: Partial<GatewaySettings>): Promise<Gateway>
  place(items: readonly Placement[]): Promise<void>
  close(): Promise<void>
}

export interface StandOptions {
  readonly settings?: Partial<GatewaySettings>
  readonly gateways?: number
  readonly hotStore?: HotStore
  readonly transport?: Transport
  /** Of the gateways. */
  readonly clock?: Clock
  readonly placements?: readonly Placement[]
  readonly callPlacements?: readonly Placement[]
  readonly keepsPlacements?: boolean
  /** Awaited before the page of placements that begins here is answered. */
  readonly beforePage?: (from: number) => Promise<void>
}

const ids = createIds()

export async function openStand(options: StandOptions = {}): Promise<Stand> {
  const transport = options.transport ?? (await embeddedTransport())
  const hotStore = options.hotStore ?? createMemoryHotStore({ clock: systemClock })
  const informed: InformedDevice[] = []
  const observed: Observation[] = []
  const claims: ClaimInput[] = []
  const credentialRequests: string[] = []
  const credentialInputs: InputOf<typeof deviceCredential>[] = []
  const placements = options.placements ?? []

  const registry = await transport.bus('device-registry')
  await registry.consume(deviceInformed, async (batch) => void informed.push(...itemsOf<typeof deviceInformed>(batch)))
  await registry.serve(deviceCredential, async (batch) =>
    batch.map(({ input }) => {
      credentialRequests.push(input.deviceKey)
      credentialInputs.push(input)
      return stand.onCredential(input.deviceKey)
    }),
  )
  const others = await serveOthers(transport, ids)
  if (options.callPlacements !== undefined) others.callPlacements = options.callPlacements
  const scheduler = await transport.bus('campaign-scheduler')
  await scheduler.consume(
    attemptObserved,
    async (batch) => void observed.push(...itemsOf<typeof attemptObserved>(batch)),
  )
  await scheduler.serve(upgradeClaim, async (batch) =>
    batch.map(({ input }) => {
      claims.push(input)
      return stand.onClaim(input)
    }),
  )
  await scheduler.serve(settingsKept, async (batch) => batch.map(({ input }) => answered(stand.onKept(input))))
  const pageFrom = async (from: number, limit: number): Promise<Reply<OutputOf<typeof placementList>>> => {
    if (stand.keepsPlacements) return refused('unavailable', 'the test keeps them')
    await options.beforePage?.(from)
    const next = from + limit < placements.length ? String(from + limit) : null
    return answered({ items: placements.slice(from, from + limit), next })
  }
  await scheduler.serve(placementList, (batch) =>
    Promise.all(batch.map(({ input: { cursor, limit } }) => pageFrom(Number(cursor ?? '0'), limit))),
  )

  const stand = {
    hotStore,
    gateways: [] as Gateway[],
    informed,
    observed,
    claims,
    credentialRequests,
    others,
    credentialInputs,
    onClaim: (): ClaimReply => refused('unavailable', 'nobody decides'),
    onKept: () => ({ kind: 'gone' as const }),
    onCredential: (): CredentialReply => refused('unavailable', 'nobody knows'),
    keepsPlacements: options.keepsPlacements ?? false,
    beforePublish: async () => {},
    facts: (kind) => observed.map(({ fact }) => fact).filter((fact) => kind === undefined || fact.kind === kind),
    open: openGateway,
    place: (items) =>
      scheduler.publish(taskPlaced, [{ id: ids.event(), key: 'cmp_' + '0'.repeat(26), data: { items: [...items] } }]),
    close: async () => {
      await Promise.all(stand.gateways.map((gateway) => gateway.stop()))
      await transport.close()
      await hotStore.close()
    },
  } as Stand & { gateways: Gateway[] }

  for (let i = 0; i < (options.gateways ?? 1); i++) await stand.open()
  await waitUntil(() => stand.keepsPlacements || stand.gateways.every((gateway) => gateway.isReady()))
  return stand

  async function openGateway(settings: Partial<GatewaySettings> = {}): Promise<Gateway> {
    const gateway = createGateway({
      bus: watchedBus(await transport.bus('cwmp-gateway'), stand),
      hotStore,
      clock: options.clock ?? systemClock,
      ids,
      log,
      profiles: defaultProfiles,
      settings: {
        ...defaultSettings,
        port: 0,
        auth: 'none',
        nonceSecret: 'a secret of nonces',
        snapshotKey: 'a key of snapshots',
        settingsKey: 'ab'.repeat(32),
        ...options.settings,
        ...settings,
      },
    })
    await gateway.start()
    stand.gateways.push(gateway)
    return gateway
  }
}

/** The real bus, whose publish waits for the test's leave. */
function watchedBus(bus: Bus, stand: Stand): Bus {
  return {
    publish: async (message, events) => {
      await stand.beforePublish(message.name)
      await bus.publish(message, events)
    },
    announce: (message, events) => bus.announce(message, events),
    consume: (message, handle, options) => bus.consume(message, handle, options),
    listen: (message, hear) => bus.listen(message, hear),
    request: (message, input, options) => bus.request(message, input, options),
    serve: (message, answer, options) => bus.serve(message, answer, options),
    status: () => bus.status(),
    close: () => bus.close(),
  }
}

function itemsOf<M extends typeof deviceInformed | typeof attemptObserved>(
  batch: readonly { readonly data: DataOf<M> }[],
): DataOf<M>['items'][number][] {
  return batch.flatMap(({ data }) => data.items as DataOf<M>['items'][number][])
}
