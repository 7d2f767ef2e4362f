import { type Bus, type Stop, isRefusedForGood, publishOutbox, watchOutbox } from '@sluice/bus'
import type { Clock, Ids, Log } from '@sluice/runtime'
import { type Sql, createJournal, createRelay, migrate } from '@sluice/sql'
import { bindHandlers } from './handlers.ts'
import { createObservability } from './observability.ts'
import { createSeal } from './seal.ts'
import { migrations } from './store/migrations.ts'

export interface RegistryParts {
  readonly sql: Sql
  readonly bus: Bus
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
}

export interface RegistrySettings {
  /** 32 bytes as 64 hexadecimal characters. */
  readonly sealKey: string
}

export interface Registry {
  /** Migrates its schema, then answers and consumes. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** The inventory: identity, model, version, last contact, credentials (sealed), tags. */
export function createRegistry(parts: RegistryParts, settings: RegistrySettings): Registry {
  const journal = createJournal('registry')
  const relay = createRelay({
    ...parts,
    journal,
    publish: publishOutbox(parts.bus),
    onTrouble: (error) => parts.log.warn({ err: error }, 'registry.outbox.publish_failed'),
    isRefusedForGood,
    onRefused: ({ id, name }, error) =>
      parts.log.error({ err: error, event_id: id, event_name: name }, 'registry.outbox.event_refused'),
  })
  const seal = createSeal(settings.sealKey)
  let stops: Stop[] = []
  return {
    start: async () => {
      await migrate(parts.sql, { schema: 'registry', migrations: [...journal.migrations, ...migrations] })
      relay.start()
      stops = await bindHandlers({ ...parts, journal, relay, seal, observability: createObservability() })
      stops.push(watchOutbox('device-registry', () => journal.backlog(parts.sql), parts.clock))
    },
    stop: async () => {
      await Promise.all(stops.map((stop) => stop()))
      await relay.stop()
    },
  }
}
