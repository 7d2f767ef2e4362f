import { type JetStreamManager, type StreamInfo, connect } from 'nats'
import { BusError } from './bus-error.ts'
import { inboxOf } from './message-subject.ts'
import { natsOptions } from './nats-options.ts'
import { type Topology, type TopologySettings, topologyOf } from './topology.ts'

/**
 * Creates or updates every stream and consumer, and asserts that the server took each value as stated: older servers
 * drop what they do not know without a word. Run by one job; services only bind, because on NATS two versions
 * that both "ensure" a consumer overwrite each other. Throws BusError `topology` or `unavailable`.
 */
export async function applyTopology(natsUrl: string, settings: TopologySettings = {}): Promise<Topology> {
  const topology = topologyOf(settings)
  const connection = await connect({
    ...natsOptions(natsUrl),
    name: 'topology',
    inboxPrefix: inboxOf('topology'),
    timeout: 10_000,
  }).catch((error: unknown) => {
    throw new BusError('unavailable', 'NATS cannot be reached', error)
  })
  try {
    const manager = await connection.jetstreamManager()
    for (const stream of topology.streams) await applyStream(manager, stream)
    for (const consumer of topology.consumers) await applyConsumer(manager, consumer)
    return topology
  } catch (error) {
    if (error instanceof BusError) throw error
    throw new BusError('topology', `the topology could not be applied: ${String(error)}`, error)
  } finally {
    await connection.close()
  }
}

async function applyStream(manager: JetStreamManager, wanted: Topology['streams'][number]): Promise<void> {
  const there = await manager.streams.info(wanted.name).catch(undefinedIfMissing)
  const isOther = there !== undefined && there.config.retention !== wanted.retention
  if (isOther) await removeEmpty(manager, there)
  const { config } =
    there === undefined || isOther
      ? await manager.streams.add(wanted)
      : await manager.streams.update(wanted.name, wanted)
  assertEcho(`stream ${wanted.name}`, wanted, config)
}

/** NATS changes no stream's retention: it is made anew, once nothing is in it any more. */
async function removeEmpty(manager: JetStreamManager, { config, state }: StreamInfo): Promise<void> {
  if (state.messages > 0) {
    throw new BusError(
      'topology',
      `stream ${config.name} holds ${state.messages} events in a way that they could be lost: stop the gateways and file servers, let the other services work them off, and run this again`,
    )
  }
  await manager.streams.delete(config.name)
}

async function applyConsumer(manager: JetStreamManager, wanted: Topology['consumers'][number]): Promise<void> {
  const { config } = await manager.consumers.add(wanted.stream, wanted.config)
  assertEcho(`consumer ${wanted.config.durable_name}`, wanted.config, config)
}

function undefinedIfMissing(error: unknown): undefined {
  if ((error as { api_error?: { code?: number } }).api_error?.code === 404) return undefined
  throw error
}

function assertEcho(what: string, wanted: object, got: object): void {
  const other = Object.entries(wanted).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify((got as Record<string, unknown>)[key]),
  )
  if (other.length === 0) return
  const list = other.map(([key, value]) => `${key} is not ${JSON.stringify(value)}`).join(', ')
  throw new BusError('topology', `${what}: the server took it otherwise: ${list}`)
}
