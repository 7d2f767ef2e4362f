import { metrics } from '@opentelemetry/api'

/** Names of what this service logs. */
export const LOG = {
  intakeListening: 'resolver.intake.listening',
  intakeFailed: 'resolver.intake.failed',
  registered: 'resolver.artifact.registered',
  verdictForged: 'resolver.verdict.forged',
  judged: 'resolver.artifact.judged',
  revoked: 'resolver.artifact.revoked',
  notInStore: 'resolver.artifact.not_in_store',
  importFailed: 'resolver.import.failed',
  quarantineNotCleared: 'resolver.quarantine.not_cleared',
  quarantineSwept: 'resolver.quarantine.swept',
  originAway: 'resolver.origin.away',
  originHeld: 'resolver.origin.held',
  originBack: 'resolver.origin.back',
  suspected: 'resolver.artifact.suspected',
  storedDamaged: 'resolver.stored.damaged',
  storedUnread: 'resolver.stored.unread',
  originNotChecked: 'resolver.origin.not_checked',
  relayTrouble: 'resolver.relay.trouble',
  eventRefused: 'resolver.relay.event_refused',
  uploadsSwept: 'resolver.uploads.swept',
  uploadsNotSwept: 'resolver.uploads.not_swept',
} as const

export type Observability = ReturnType<typeof createObservability>

export function createObservability() {
  const meter = metrics.getMeter('artifact-resolver')
  return {
    forgedVerdicts: meter.createCounter('resolver_forged_verdicts', {
      description: 'Verdicts that the verifier did not sign. Somebody has to look.',
    }),
    registered: meter.createCounter('resolver_artifacts_registered', { description: 'Images taken into quarantine.' }),
    resolved: meter.createCounter('resolver_downloads_resolved', {
      description: 'Answers to what a device should fetch, by answer.',
    }),
    importFailures: meter.createCounter('resolver_imports_failed', {
      description: 'Tries to fetch a source that came to nothing, by whose fault it was.',
    }),
    originChecks: meter.createCounter('resolver_origin_checks', {
      description: "Images on operators' own servers compared with what was verified, by what was found.",
    }),
    storedChecks: meter.createCounter('resolver_stored_checks', {
      description: 'Images of ours that devices suspected, compared with what was verified, by what was found.',
    }),
    intakeRefusals: meter.createCounter('resolver_uploads_refused', {
      description: 'Uploads that were not taken, by the code of the answer.',
    }),
  }
}
