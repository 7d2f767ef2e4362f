import { type Bus, type Stop, isRefusedForGood, publishOutbox, watchOutbox } from '@sluice/bus'
import type { Clock, Ids, Log } from '@sluice/runtime'
import { type Sql, createJournal, createRelay, migrate } from '@sluice/sql'
import { type RegistrySettings, defaultSettings } from './config.ts'
import { createSeal } from './credentials/seal.ts'
import { bindHandlers } from './handlers.ts'
import { createMessageTrimmer } from './messages/trim-messages.ts'
import { createObservability } from './observability.ts'
import type { Parts } from './parts.ts'
import { announceRules } from './rules/change-rules.ts'
import { createProfilesInForce } from './rules/profiles-in-force.ts'
import { noteShippedProfiles } from './rules/shipped-profiles.ts'
import { migrations } from './store/migrations.ts'

export interface RegistryParts {
  readonly sql: Sql
  readonly bus: Bus
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
}

/** The key, and what differs from the default. */
export type GivenSettings = Pick<RegistrySettings, 'sealKey'> & Partial<RegistrySettings>

export interface Registry {
  /** Migrates its schema, then answers and consumes. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** The inventory: identity, model, version, last contact, credentials (sealed), tags, message logs, and the rules gateways go by. */
export function createRegistry(parts: RegistryParts, given: GivenSettings): Registry {
  const settings: RegistrySettings = { ...defaultSettings, ...given }
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
  const observability = createObservability()
  const trimmer = createMessageTrimmer({ ...parts, observability, settings })
  const all: Parts = {
    ...parts,
    settings,
    journal,
    observability,
    trimmer,
    seal: createSeal(settings.sealKey),
    profiles: createProfilesInForce(parts.sql),
    wakeRelay: () => relay.wake(),
  }
  let stops: Stop[] = []
  return {
    start: async () => {
      await migrate(parts.sql, { schema: 'registry', migrations: [...journal.migrations, ...migrations] })
      const revision = await noteShippedProfiles(parts.sql, parts.clock.now())
      if (revision !== undefined) announceRules(parts, revision)
      relay.start()
      trimmer.start()
      stops = await bindHandlers(all)
      stops.push(watchOutbox('device-registry', () => journal.backlog(parts.sql), parts.clock))
    },
    stop: async () => {
      await Promise.all(stops.map((stop) => stop()))
      await trimmer.stop()
      await relay.stop()
    },
  }
}
