import { isRefusedForGood, publishOutbox, type Stop, watchOutbox } from '@sluice/bus'
import type { Cancel, Check } from '@sluice/runtime'
import { createJournal, createRelay, migrate } from '@sluice/sql'
import { bindHandlers } from './handlers.ts'
import { indexArtifacts } from './index-artifacts.ts'
import { createImporter } from './import/import-sources.ts'
import { createIntakeServer } from './intake/intake-server.ts'
import { watchOrigins } from './origin/watch-origins.ts'
import { createObservability, LOG } from './observability.ts'
import type { ArtifactResolverParts, ArtifactResolverSettings, Parts } from './parts.ts'
import { keepQuarantineSwept } from './quarantine.ts'
import { sweepUploads } from './uploads.ts'
import { migrations, SCHEMA } from './store/migrations.ts'

export interface ArtifactResolver {
  /** Migrates its schema, has the store know every trusted artifact, then answers, takes uploads and fetches sources. */
  start(): Promise<{ readonly intakePort: number }>
  stop(): Promise<void>
  readonly checks: Readonly<Record<string, Check>>
}

/** The catalogue, image intake, and the answer to what exactly a device should fetch. */
export function createArtifactResolver(
  parts: ArtifactResolverParts,
  settings: ArtifactResolverSettings,
): ArtifactResolver {
  const { sql, bus, clock, log } = parts
  const journal = createJournal(SCHEMA)
  const onTrouble = (err: unknown) => log.warn({ err }, LOG.relayTrouble)
  const relay = createRelay({
    sql,
    journal,
    clock,
    publish: publishOutbox(bus),
    onTrouble,
    isRefusedForGood,
    onRefused: ({ id, name }, err) => log.error({ err, event_id: id, event_name: name }, LOG.eventRefused),
  })
  const all: Parts = { ...parts, journal, relay, settings, observability: createObservability() }
  const importer = createImporter(all)
  const intake = createIntakeServer(all)
  let stops: Stop[] = []
  const sweeping: Cancel[] = []
  let stopWatching = async () => {}
  return {
    start: async () => {
      await migrate(sql, { schema: SCHEMA, migrations: [...journal.migrations, ...migrations] })
      await indexArtifacts(all)
      relay.start()
      stops = await bindHandlers(all, importer.wake)
      stops.push(watchOutbox('artifact-resolver', () => journal.backlog(sql), clock))
      if (parts.uploads !== undefined) sweeping.push(sweepUploads(parts.uploads, settings.keepUploadsMs, parts))
      sweeping.push(keepQuarantineSwept(all))
      importer.start()
      stopWatching = watchOrigins(all)
      return { intakePort: await intake.start() }
    },
    stop: async () => {
      for (const cancel of sweeping.splice(0)) cancel()
      await intake.stop()
      await importer.stop()
      await stopWatching()
      await Promise.all(stops.map((stop) => stop()))
      await relay.stop()
    },
    checks: { postgres: () => sql.status() === 'up', bus: () => bus.status() === 'up' },
  }
}
