import { isRefusedForGood, publishOutbox, type Stop, watchOutbox } from '@sluice/bus'
import type { Check } from '@sluice/runtime'
import { createJournal, createRelay, migrate } from '@sluice/sql'
import { createExaminer } from './examine/examiner.ts'
import { bindHandlers } from './handlers.ts'
import { createObservability, LOG } from './observability.ts'
import type { FirmwareVerifierParts, FirmwareVerifierSettings } from './parts.ts'
import { createVerdictSigner } from './sign-verdict.ts'
import { migrations, SCHEMA } from './store/migrations.ts'

export interface FirmwareVerifier {
  /** Migrates its schema, then judges and answers. */
  start(): Promise<void>
  stop(): Promise<void>
  readonly checks: Readonly<Record<string, Check>>
}

/** The trust store, and the verdict on every image before any device is offered it. */
export function createFirmwareVerifier(
  parts: FirmwareVerifierParts,
  settings: FirmwareVerifierSettings,
): FirmwareVerifier {
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
  const examiner = createExaminer(parts.images, clock, settings)
  const signVerdict = createVerdictSigner(settings.verdictKey)
  const all = { ...parts, journal, relay, settings, examiner, signVerdict, observability: createObservability() }
  let stops: Stop[] = []
  return {
    start: async () => {
      await migrate(sql, { schema: SCHEMA, migrations: [...journal.migrations, ...migrations] })
      relay.start()
      stops = await bindHandlers(all)
      stops.push(watchOutbox('firmware-verifier', () => journal.backlog(sql), clock))
    },
    stop: async () => {
      await Promise.all(stops.map((stop) => stop()))
      await examiner.stop()
      await relay.stop()
    },
    checks: { postgres: () => sql.status() === 'up', bus: () => bus.status() === 'up' },
  }
}
