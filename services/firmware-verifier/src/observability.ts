import { metrics } from '@opentelemetry/api'

/** Names of what this service logs. */
export const LOG = {
  judged: 'verifier.artifact.judged',
  examinationPostponed: 'verifier.examination.postponed',
  relayTrouble: 'verifier.relay.trouble',
  eventRefused: 'verifier.relay.event_refused',
} as const

export type Observability = ReturnType<typeof createObservability>

export function createObservability() {
  const meter = metrics.getMeter('firmware-verifier')
  return {
    verdicts: meter.createCounter('verifier_verdicts', { description: 'Images judged, by whether they are trusted.' }),
  }
}
